"""What was logged by earlier versions is still read."""

import pytest

from pipeline.records import Decision, TrendRecord, decode, encode

OLD_DECISION = (
    b'{"type":"decision","schema":1,"document_id":"a","origin":[0,7],"kind":"news","source":"Wire",'
    b'"published_at":"2026-01-02T03:04:05Z","ingested_at":"2026-01-02T03:04:06Z","decided_at":"2026-01-02T03:04:07Z",'
    b'"excerpt":"FTX halts","url":null,"sentiment":[0.9,0.1,0.0],"spans":[[0,3,"FTX",[0.9,0.1,0.0]]],'
    b'"propensity":1.0,"policy_version":"p-1","from_cache":false,"sketch":[[1],[2],[],-1]}'
)


def test_a_decision_from_before_languages_were_told_was_read_as_english() -> None:
    decision = decode(Decision, OLD_DECISION)
    assert decision.language == "en"
    assert decode(Decision, encode(decision)) == decision


@pytest.mark.parametrize(("end", "length_s"), [("12:05", 300), ("12:01", 60)])
def test_a_window_from_before_there_were_longer_ones_is_as_long_as_it_was(end: str, length_s: int) -> None:
    old = (
        '{"schema":1,"topic":"ftx","start_at":"2026-01-02T12:00:00Z","end_at":"2026-01-02T%s:00Z","status":"final",'
        '"n_documents":3,"n_stories":2,"n_negative":1,"n_neutral":1,"n_positive":0,"polarity":-0.4,'
        '"negative_share":0.5,"n_sources":2,"policy_versions":{"v1":3}}'
    )
    window = decode(TrendRecord, (old % end).encode())
    assert (window.resolution_s, window.positive_share, window.day_before) == (length_s, None, None)
    assert decode(TrendRecord, encode(window)) == window
