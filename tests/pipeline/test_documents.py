"""What `parse_document` takes, what it rejects and why."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.documents import DocumentLimits, parse_document
from pipeline.records import Document, encode
from pipeline.rejects import MAX_DETAIL_CHARS, RecordRejected, RejectReason

INGESTED_AT = datetime(2026, 1, 2, 12, tzinfo=UTC)
VALID: dict[str, object] = {
    "schema": 1,
    "id": "a-1",
    "kind": "news",
    "source": "Reuters",
    "published_at": "2026-01-02T11:00:00Z",
    "text": "Shares fell.",
}


def raw(**changes: object) -> bytes:
    return json.dumps({**VALID, **changes}).encode()


def reason_for(value: bytes | None) -> RejectReason:
    with pytest.raises(RecordRejected) as caught:
        parse_document(value, INGESTED_AT)
    return caught.value.reason


def test_a_document_is_read_with_all_its_fields() -> None:
    document = parse_document(raw(title="Slump", url="https://x.example/1", author="A"), INGESTED_AT)
    assert document == Document(
        schema=1,
        id="a-1",
        kind="news",
        source="Reuters",
        published_at=datetime(2026, 1, 2, 11, tzinfo=UTC),
        text="Shares fell.",
        title="Slump",
        url="https://x.example/1",
        author="A",
    )


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, RejectReason.EMPTY_RECORD),
        (b"", RejectReason.EMPTY_RECORD),
        (raw(text="x" * 10_000_000), RejectReason.TOO_LARGE),
        (b"   ", RejectReason.MALFORMED_JSON),
        (b'{"schema":1', RejectReason.MALFORMED_JSON),
        (raw() + b"{}", RejectReason.MALFORMED_JSON),
        (b"\xef\xbb\xbf" + raw(), RejectReason.MALFORMED_JSON),
        (raw(score=float("nan")), RejectReason.MALFORMED_JSON),
        (raw(score=float("-inf")), RejectReason.MALFORMED_JSON),
        (b"[NaN]", RejectReason.MALFORMED_JSON),
        (b"[" * 100_000, RejectReason.MALFORMED_JSON),
        (b'{"a":' * 100_000, RejectReason.MALFORMED_JSON),
        (raw(deep=0).replace(b'"deep": 0', b'"deep":' + b"[" * 90_000), RejectReason.MALFORMED_JSON),
        (b'{"text":"\xff"}', RejectReason.BAD_UNICODE),
        (b'{"text":"\xed\xa0\x80"}', RejectReason.BAD_UNICODE),
        (raw(text="\ud800"), RejectReason.BAD_UNICODE),
        (raw(text="\udc00\ud800"), RejectReason.BAD_UNICODE),
        (raw(unknown="a\ud83d"), RejectReason.BAD_UNICODE),
        (b"[]", RejectReason.NOT_AN_OBJECT),
        (b"null", RejectReason.NOT_AN_OBJECT),
        (b' "text" ', RejectReason.NOT_AN_OBJECT),
        (b"17", RejectReason.NOT_AN_OBJECT),
        (raw(schema=2), RejectReason.UNKNOWN_SCHEMA),
        (raw(schema=-1), RejectReason.UNKNOWN_SCHEMA),
        (raw(schema=0).replace(b'"schema": 0', b'"schema":' + b"9" * 9000), RejectReason.UNKNOWN_SCHEMA),
        (raw(schema=0).replace(b'"schema": 0', b'"schema":1e999'), RejectReason.WRONG_TYPE),
        (raw(schema=1.0), RejectReason.WRONG_TYPE),
        (raw(schema=True), RejectReason.WRONG_TYPE),
        (raw(schema="1"), RejectReason.WRONG_TYPE),
        (raw(id=7), RejectReason.WRONG_TYPE),
        (raw(text=None), RejectReason.WRONG_TYPE),
        (raw(text=["a"]), RejectReason.WRONG_TYPE),
        (raw(published_at=1767351600), RejectReason.WRONG_TYPE),
        (raw(title=1), RejectReason.WRONG_TYPE),
        (raw(kind="blog"), RejectReason.UNKNOWN_KIND),
        (raw(kind="News"), RejectReason.UNKNOWN_KIND),
        (raw(text=""), RejectReason.EMPTY_TEXT),
        (raw(text=" \n\t\u00a0\u200b\ufeff\u2060\u3164\u202e\x00"), RejectReason.EMPTY_TEXT),
        (raw(id=""), RejectReason.BAD_ID),
        (raw(id="  "), RejectReason.BAD_ID),
        (raw(id="a\nb"), RejectReason.BAD_ID),
        (raw(id="a\u2028b"), RejectReason.BAD_ID),
        (raw(id="x" * 257), RejectReason.BAD_ID),
        (raw(source=""), RejectReason.BAD_SOURCE),
        (raw(source="a\x00"), RejectReason.BAD_SOURCE),
        (raw(source="x" * 257), RejectReason.BAD_SOURCE),
        (raw(published_at="yesterday"), RejectReason.BAD_TIME),
        (raw(published_at="2026-01-02"), RejectReason.BAD_TIME),
        (raw(published_at="2026-01-02T11:00:00"), RejectReason.BAD_TIME),
        (raw(published_at="2026-02-30T11:00:00Z"), RejectReason.BAD_TIME),
        (raw(published_at="0001-01-01T00:00:00+14:00"), RejectReason.BAD_TIME),
        (raw(published_at="9999-12-31T23:59:59-14:00"), RejectReason.BAD_TIME),
        (raw(published_at="2026-01-02T12:05:01Z"), RejectReason.IN_FUTURE),
        (raw(published_at="9999-12-31T23:59:59Z"), RejectReason.IN_FUTURE),
        (raw(published_at="1970-01-01T00:00:00Z"), RejectReason.TOO_OLD),
        (raw(published_at="1989-12-31T23:59:59Z"), RejectReason.TOO_OLD),
    ],
    ids=lambda case: case.value if isinstance(case, RejectReason) else ascii(case)[:60],
)
def test_bad_records_are_rejected_with_their_reason(value: bytes | None, reason: RejectReason) -> None:
    assert reason_for(value) is reason


@pytest.mark.parametrize("name", list(VALID))
def test_a_missing_field_is_named(name: str) -> None:
    value = json.dumps({key: value for key, value in VALID.items() if key != name}).encode()
    with pytest.raises(RecordRejected, match=f"missing_field: {name} is missing"):
        parse_document(value, INGESTED_AT)


@pytest.mark.parametrize(
    "changes",
    [
        {"published_at": "2026-01-02T12:05:00Z"},  # five minutes ahead, to the second
        {"published_at": "1990-01-01T00:00:00Z"},
        {"published_at": "2026-01-02 11:00:00.123456789+05:30"},
        {"id": "x" * 256},
        {"id": "événement-7 🙂"},
        {"text": "\u200b🙂"},
        {"text": "\ud83d\ude42"},  # a whole pair
        {"unknown": {"deep": [[[1e999]]]}},
        {"title": None, "url": None, "author": None},
    ],
)
def test_what_is_unusual_but_right_is_taken(changes: dict[str, object]) -> None:
    value = raw(**changes).replace(b"Infinity", b"1e999")
    assert parse_document(value, INGESTED_AT).source == "Reuters"


def test_the_text_is_kept_as_published() -> None:
    assert parse_document(raw(text="  a\r\n\u200bb "), INGESTED_AT).text == "  a\r\n\u200bb "


def test_of_a_field_given_twice_the_last_counts() -> None:
    value = raw()[:-1] + b', "text": "second"}'
    assert parse_document(value, INGESTED_AT).text == "second"


def test_times_become_utc() -> None:
    at = parse_document(raw(published_at="2026-01-02T11:00:00+05:30"), INGESTED_AT).published_at
    assert at.isoformat() == "2026-01-02T05:30:00+00:00"


def test_the_detail_is_one_bounded_line_without_the_text() -> None:
    with pytest.raises(RecordRejected) as caught:
        parse_document(raw(kind="k\n" * 5000, text="confidential"), INGESTED_AT)
    assert len(caught.value.detail) <= MAX_DETAIL_CHARS
    assert "\n" not in caught.value.detail
    assert "confidential" not in caught.value.detail


def test_a_long_detail_is_cut() -> None:
    assert len(RecordRejected(RejectReason.UNDECIDABLE, "x" * 1000).detail) == 200


def test_a_size_at_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    limits = DocumentLimits(max_bytes=len(raw()))
    parse_document(raw(), INGESTED_AT, limits)
    with pytest.raises(RecordRejected, match="too_large"):
        parse_document(raw() + b" ", INGESTED_AT, limits)


def test_a_naive_clock_is_a_wrong_call() -> None:
    with pytest.raises(ValueError, match="ingested_at must be aware"):
        parse_document(raw(), INGESTED_AT.replace(tzinfo=None))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
almost_documents = st.fixed_dictionaries(
    {}, optional={name: st.just(value) | json_values for name, value in VALID.items()}
)
any_bytes = (
    st.binary(max_size=200)
    | json_values.map(lambda value: json.dumps(value).encode())
    | almost_documents.map(lambda value: json.dumps(value).encode())
    | st.builds(lambda at, byte: raw()[:at] + byte + raw()[at:], st.integers(0, 200), st.binary(max_size=3))
    | st.builds(lambda text: raw(published_at=text), st.text("0123456789-+:.TZ ", max_size=40))
)


@given(any_bytes)
@example(b'{"\\ud800":1}')
@example(raw(published_at="9999-12-31T23:59:59.9999999Z"))
@example(raw(published_at="2026-01-02T11:00:00+23:59"))
def test_any_bytes_give_a_document_or_a_rejection(value: bytes) -> None:
    try:
        document = parse_document(value, INGESTED_AT)
    except RecordRejected:
        return
    assert parse_document(encode(document), INGESTED_AT) == document


names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=256)
any_text = st.text(max_size=300)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    offset = timezone(timedelta(minutes=draw(st.integers(-14 * 60, 14 * 60))))
    age_s = draw(st.floats(0, timedelta(days=13_000).total_seconds()))
    return Document(
        schema=1,
        id=draw(names),
        kind=draw(st.sampled_from(["news", "social"])),
        source=draw(names),
        published_at=(INGESTED_AT - timedelta(seconds=age_s)).astimezone(offset),
        text=draw(any_text) + "x",
        title=draw(st.none() | any_text),
        url=draw(st.none() | any_text),
        author=draw(st.none() | any_text),
    )


@given(documents())
def test_every_valid_document_survives_the_wire(document: Document) -> None:
    assert parse_document(encode(document), INGESTED_AT) == document
