"""What was logged by earlier versions is still read."""

from pipeline.records import Decision, decode, encode

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
