from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.action import Action
from models.batching import BatchLimits
from models.decider import MAX_PADDED_TOKENS
from models.keyword import KeywordPolicy
from models.tokens import Tokens
from pipeline.documents import RawDocument
from pipeline.reading.reader import Reader
from pipeline.reading.text import EXCERPT_LENGTH, full_text
from pipeline.records import Decision, Document, Origin, decode, encode
from pipeline.rejects import RecordRejected, RejectReason

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
LIMITS = BatchLimits(max_padded_tokens=4096, max_documents=64)


class RecordingPolicy:
    """The keyword policy, with what it was asked; `accident` is given each batch's texts and may raise."""

    version = "keyword-1"
    device = "cpu"

    def __init__(self, accident: Callable[[list[str]], None] = lambda texts: None) -> None:
        self._policy = KeywordPolicy()
        self._accident = accident
        self.batches: list[list[str]] = []

    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        return self._policy.tokenize(texts)

    def decide(self, batch: Sequence[Tokens], max_padded_tokens: int = MAX_PADDED_TOKENS) -> list[Action]:
        texts = [tokens.text for tokens in batch]
        self.batches.append(texts)
        self._accident(texts)
        return self._policy.decide(batch, max_padded_tokens)


def reader(policy: RecordingPolicy | None = None, limits: BatchLimits = LIMITS, max_cached: int = 100) -> Reader:
    return Reader(policy or RecordingPolicy(), limits, now=lambda raw: NOON, max_cached=max_cached)


def raw(text: str, offset: int = 0, **changes: object) -> RawDocument:
    fields = {
        "schema": 1,
        "id": f"d{offset}",
        "kind": "news",
        "source": "Wire",
        "published_at": "2026-01-02T11:00:00Z",
        "text": text,
    }
    return RawDocument(json.dumps(fields | changes).encode(), Origin(3, offset), NOON - timedelta(minutes=1))


def raws(*texts: str) -> list[RawDocument]:
    return [raw(text, offset) for offset, text in enumerate(texts)]


def told(outcomes: Sequence[Decision | RecordRejected]) -> list[str]:
    """Return ids of decisions and reasons of rejections, in order."""
    return [each.document_id if isinstance(each, Decision) else each.reason.value for each in outcomes]


def decision(outcome: Decision | RecordRejected) -> Decision:
    assert isinstance(outcome, Decision)
    return outcome


def test_a_decision_says_what_was_decided_by_whom_and_on_which_document() -> None:
    (outcome,), batches = reader().read([raw("FTX halts withdrawals after fraud", 7, url="https://a.example")])
    made = decision(outcome)
    assert made.document_id == "d7"
    assert made.origin == Origin(3, 7)
    assert (made.ingested_at, made.decided_at) == (NOON - timedelta(minutes=1), NOON)
    assert made.published_at == NOON - timedelta(hours=1)
    assert made.sentiment == (0.9, 0.1, 0.0)
    assert [span.surface for span in made.spans] == ["FTX"]
    assert (made.policy_version, made.propensity, made.from_cache) == ("keyword-1", 1.0, False)
    assert made.url == "https://a.example"
    assert made.sketch.words
    assert [batch.n_documents for batch in batches] == [1]


def test_a_decision_tells_the_language_that_the_policy_read() -> None:
    class German(RecordingPolicy):
        def decide(self, batch: Sequence[Tokens], max_padded_tokens: int = MAX_PADDED_TOKENS) -> list[Action]:
            return [replace(action, language="de").doubted() for action in super().decide(batch)]

    (outcome,), _ = reader(German()).read([raw("Anleger fürchten einen crash der Eurozone")])
    made = decision(outcome)
    assert made.language == "de"
    assert made.sentiment[1] == max(made.sentiment)
    assert decode(Decision, encode(made)) == made


def test_decisions_and_rejections_come_in_the_order_of_the_records() -> None:
    records = [raw("FTX falls", 0), raw(" ", 1), RawDocument(None, Origin(3, 2), NOON), raw("Ford rises", 3)]
    records += [raw("x", 4, kind="blog"), raw("Gold climbs", 5)]
    outcomes, _ = reader().read(records)
    assert told(outcomes) == ["d0", "empty_text", "empty_record", "d3", "unknown_kind", "d5"]


def test_order_is_kept_when_batches_are_made_by_length() -> None:
    texts = ["FTX falls " * n for n in (9, 1, 7, 3, 5)]
    policy = RecordingPolicy()
    outcomes, batches = reader(policy, BatchLimits(max_padded_tokens=40, max_documents=2)).read(raws(*texts))
    assert told(outcomes) == ["d0", "d1", "d2", "d3", "d4"]
    assert [decision(outcome).excerpt for outcome in outcomes] == texts
    assert len(batches) == len(policy.batches) > 1


def test_nothing_to_read_costs_no_forward() -> None:
    policy = RecordingPolicy()
    assert reader(policy).read([]) == ([], [])
    assert told(reader(policy).read([RawDocument(b"", Origin(0, 0), NOON)])[0]) == ["empty_record"]
    assert policy.batches == []


def test_a_text_that_was_read_before_is_taken_from_the_cache_and_the_decision_says_so() -> None:
    policy = RecordingPolicy()
    reading = reader(policy)
    (first,), _ = reading.read([raw("FTX falls", 0)])
    (second,), batches = reading.read([raw("FTX falls", 1)])
    assert (decision(first).from_cache, decision(second).from_cache) == (False, True)
    assert decision(second).sentiment == decision(first).sentiment
    assert decision(second).spans == decision(first).spans
    assert len(policy.batches) == 1
    assert batches == []


def test_a_text_that_comes_twice_in_a_chunk_is_read_once() -> None:
    policy = RecordingPolicy()
    outcomes, _ = reader(policy).read(raws("FTX falls", "Ford rises", "FTX falls"))
    assert told(outcomes) == ["d0", "d1", "d2"]
    assert sorted(policy.batches[0]) == ["FTX falls", "Ford rises"]


def test_the_cache_forgets_the_oldest_texts() -> None:
    policy = RecordingPolicy()
    reading = reader(policy, max_cached=2)
    for text in ("FTX falls", "Ford rises", "Gold climbs"):
        reading.read([raw(text)])
    assert [decision(reading.read([raw(text)])[0][0]).from_cache for text in ("Ford rises", "FTX falls")] == [
        True,
        False,
    ]


def test_a_document_that_the_policy_fails_on_is_found_and_the_others_are_decided() -> None:
    def accident(texts: list[str]) -> None:
        if any("poison" in text for text in texts):
            raise RuntimeError("cannot\ndo this")

    policy = RecordingPolicy(accident)
    texts = [f"FTX falls {n}" for n in range(16)]
    texts[11] = "poison"
    outcomes, _ = reader(policy).read(raws(*texts))
    expected = [f"d{n}" for n in range(16)]
    expected[11] = "undecidable"
    assert told(outcomes) == expected
    assert outcomes[11].detail == "policy failed: cannot do this"
    # halves of 16, 8, 4, 2 and 1: nine forwards at most, not sixteen
    assert len(policy.batches) <= 9


def test_what_could_not_be_decided_is_not_remembered() -> None:
    fails = [True]

    def accident(texts: list[str]) -> None:
        if fails:
            fails.pop()
            raise ValueError("once")

    reading = reader(RecordingPolicy(accident))
    assert told(reading.read([raw("FTX falls")])[0]) == ["undecidable"]
    assert told(reading.read([raw("FTX falls")])[0]) == ["d0"]


def test_every_copy_of_a_document_that_cannot_be_decided_is_rejected() -> None:
    def accident(texts: list[str]) -> None:
        if "poison" in texts:
            raise IndexError("no such piece")

    outcomes, _ = reader(RecordingPolicy(accident)).read(raws("poison", "FTX falls", "poison"))
    assert told(outcomes) == ["undecidable", "d1", "undecidable"]


def test_a_mistake_in_the_policys_code_is_loud() -> None:
    def accident(texts: list[str]) -> None:
        raise KeyError("a bug")

    with pytest.raises(KeyError, match="a bug"):
        reader(RecordingPolicy(accident)).read(raws("FTX falls"))


def test_out_of_memory_halves_the_batches_and_everything_is_decided() -> None:
    def accident(texts: list[str]) -> None:
        if len(texts) > 8:
            raise torch.OutOfMemoryError("out of memory")

    policy = RecordingPolicy(accident)
    # 24 texts of 66 pieces each: 1584 padded tokens; batches of 2048, 1024 and 512 hold 24, 15 and 7
    texts = [" ".join(["word"] * 63 + [str(n)]) for n in range(24)]
    limits = BatchLimits(max_padded_tokens=2048, max_documents=64)
    outcomes, batches = reader(policy, limits).read(raws(*texts))
    assert told(outcomes) == [f"d{n}" for n in range(24)]
    assert [len(batch) for batch in policy.batches] == [24, 15, 7, 7, 7, 3]
    assert [batch.n_documents for batch in batches] == [7, 7, 7, 3]


def test_out_of_memory_on_the_smallest_batch_is_loud() -> None:
    def accident(texts: list[str]) -> None:
        raise torch.OutOfMemoryError("out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        reader(RecordingPolicy(accident)).read(raws("FTX falls"))


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        (None, "Body.", "Body."),
        ("", "Body.", "Body."),
        ("Title", "Body.", "Title\nBody."),
        ("Title", "Title and more", "Title and more"),
    ],
)
def test_the_policy_reads_the_title_unless_the_text_repeats_it(title: str | None, text: str, expected: str) -> None:
    document = Document(schema=1, id="a", kind="news", source="s", published_at=NOON, text=text, title=title)
    assert full_text(document) == expected


def test_a_decision_carries_the_beginning_of_a_long_text() -> None:
    (outcome,), _ = reader().read([raw("FTX falls " * 5000)])
    assert len(decision(outcome).excerpt) == EXCERPT_LENGTH


@given(st.lists(st.one_of(st.none(), st.binary(max_size=60), st.text(max_size=40).map(str.encode)), max_size=5))
def test_no_bytes_make_reading_fail(values: list[bytes | None]) -> None:
    outcomes, _ = reader().read([RawDocument(value, Origin(0, n), NOON) for n, value in enumerate(values)])
    assert len(outcomes) == len(values)
    assert all(isinstance(outcome, RecordRejected) for outcome in outcomes)


anything = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.sampled_from(["news", "2026-01-02T03:04Z"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=4,
)
valid = {
    "schema": st.just(1),
    "id": st.text(min_size=1, max_size=20),
    "kind": st.sampled_from(["news", "social"]),
    "source": st.text(min_size=1, max_size=20),
    "published_at": st.datetimes(datetime(1990, 1, 2), datetime(2026, 1, 1)).map(lambda at: f"{at.isoformat()}Z"),  # noqa: DTZ001
    "text": st.text(alphabet=st.characters(), min_size=1, max_size=200),
    "title": st.one_of(st.none(), st.text(max_size=20)),
}


@st.composite
def broken_documents(draw: st.DrawFn) -> bytes:
    """Return a valid document, or one with a field that is missing or holds anything, or that is cut."""
    fields = {name: draw(value) for name, value in valid.items()}
    for name in draw(st.lists(st.sampled_from(list(fields)), max_size=2)):
        if draw(st.booleans()):
            fields[name] = draw(anything)
        else:
            fields.pop(name, None)
    value = json.dumps(fields).encode()
    return value[: draw(st.integers(0, len(value)))] if draw(st.integers(0, 9)) == 0 else value


@given(st.lists(broken_documents(), min_size=1, max_size=4))
def test_every_document_is_decided_or_rejected_and_what_is_decided_can_be_sent(values: list[bytes]) -> None:
    outcomes, _ = reader().read([RawDocument(value, Origin(0, n), NOON) for n, value in enumerate(values)])
    assert len(outcomes) == len(values)
    for n, outcome in enumerate(outcomes):
        if isinstance(outcome, RecordRejected):
            assert outcome.reason is not RejectReason.UNDECIDABLE
        else:
            assert outcome.origin.offset == n
            assert decode(Decision, encode(outcome)) == outcome
