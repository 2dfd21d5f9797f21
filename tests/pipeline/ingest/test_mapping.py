from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.documents import DocumentLimits, parse_document, split_fields
from pipeline.ingest.document_files import Fields, FileUnreadable
from pipeline.ingest.mapping import FieldMapping
from pipeline.records import encode
from pipeline.rejects import RecordRejected, RejectReason

READ_AT = datetime(2026, 1, 3, tzinfo=UTC)
DEFAULTS = FieldMapping(kind="news", source="Wire", published_at="2026-01-02T00:00:00Z")


def row(**fields: object) -> Fields:
    return split_fields(json.dumps(fields).encode())


def test_a_whole_document_goes_through_as_it_is() -> None:
    fields = row(schema=1, id="a", kind="social", source="x", published_at="2026-01-02T03:00:00Z", text="t")
    document = FieldMapping().document(fields, READ_AT)
    assert (document.id, document.kind, document.source, document.text) == ("a", "social", "x", "t")


def test_what_the_row_says_goes_before_what_was_said_for_all() -> None:
    assert DEFAULTS.document(row(text="t", source="Own"), READ_AT).source == "Own"
    assert DEFAULTS.document(row(text="t"), READ_AT).source == "Wire"
    assert DEFAULTS.document(row(text="t", source=None), READ_AT).source == "Wire"
    assert DEFAULTS.document({"text": "t", "source": ""}, READ_AT).source == "Wire"


def test_created_at_stands_for_published_at() -> None:
    document = DEFAULTS.document(row(text="t", created_at="2026-01-02T05:00:00Z"), READ_AT)
    assert document.published_at == datetime(2026, 1, 2, 5, tzinfo=UTC)


def test_a_mapped_column_is_taken_and_its_namesake_is_not() -> None:
    mapping = FieldMapping(columns={"text": "headline"}, kind="news", source="s", published_at="now")
    assert mapping.document({"headline": "h", "text": "t"}, READ_AT).text == "h"
    with pytest.raises(RecordRejected, match="missing_field: text is missing; name its column"):
        mapping.document({"text": "t"}, READ_AT)


def test_now_is_when_the_row_is_read() -> None:
    mapping = FieldMapping(kind="news", source="s", published_at="now")
    assert mapping.document({"text": "t"}, READ_AT).published_at == READ_AT


@pytest.mark.parametrize("text", ["2026-01-02T05:00:00", "2026-01-02 05:00:00", "20260102T050000"])
def test_a_time_without_offset_needs_to_be_told(text: str) -> None:
    fields = row(text="t", published_at=text, kind="news", source="s")
    with pytest.raises(RecordRejected) as caught:
        FieldMapping().document(fields, READ_AT)
    assert caught.value.reason is RejectReason.BAD_TIME
    document = FieldMapping(is_utc_assumed=True).document(fields, READ_AT)
    assert document.published_at == datetime(2026, 1, 2, 5, tzinfo=UTC)


def test_assuming_utc_changes_neither_whole_times_nor_wrong_ones() -> None:
    mapping = FieldMapping(kind="news", source="s", is_utc_assumed=True)
    document = mapping.document(row(text="t", published_at="2026-01-02T05:00:00+02:00"), READ_AT)
    assert document.published_at == datetime(2026, 1, 2, 3, tzinfo=UTC)
    for wrong, reason in ((7, RejectReason.WRONG_TYPE), ("soon", RejectReason.BAD_TIME)):
        with pytest.raises(RecordRejected) as caught:
            mapping.document(row(text="t", published_at=wrong), READ_AT)
        assert caught.value.reason is reason


def test_an_id_made_of_content_is_the_same_in_every_run() -> None:
    later = datetime(2026, 5, 1, tzinfo=UTC)
    mapping = FieldMapping(kind="news", source="s", published_at="now")
    first = mapping.document({"text": "t"}, READ_AT)
    assert mapping.document({"text": "t"}, later).id == first.id
    assert mapping.document({"text": "u"}, later).id != first.id
    timed = mapping.document({"text": "t", "published_at": "2026-01-02T05:00:00Z"}, READ_AT)
    same_time = mapping.document({"text": "t", "published_at": "2026-01-02T07:00:00+02:00"}, READ_AT)
    assert timed.id == same_time.id != first.id


def test_an_empty_id_is_no_id_in_csv_but_wrong_in_json() -> None:
    assert DEFAULTS.document({"id": "", "text": "t"}, READ_AT).id.startswith("sha256-")
    with pytest.raises(RecordRejected, match="bad_id"):
        DEFAULTS.document(row(id="", text="t"), READ_AT)


def test_what_is_sent_is_never_over_the_limit_of_what_is_read() -> None:
    limits = DocumentLimits(max_bytes=400)
    for n in range(150, 400):
        try:
            document = DEFAULTS.document(row(text="x" * n), READ_AT, limits)
        except RecordRejected as rejected:
            assert rejected.reason is RejectReason.TOO_LARGE  # noqa: PT017 - either may come
        else:
            parse_document(encode(document), READ_AT, limits)


def test_a_csv_that_cannot_give_documents_is_refused_at_its_header() -> None:
    with pytest.raises(FileUnreadable, match="has no column 'headline' for text; it has id, text"):
        FieldMapping(columns={"text": "headline"}).check_columns(["id", "text"])
    with pytest.raises(FileUnreadable, match=r"no column for source; it has .*--map source=COLUMN, or give --source"):
        FieldMapping(kind="news").check_columns(["text", "created_at"])
    FieldMapping(kind="news", source="s").check_columns(["text", "created_at"])


def test_only_fields_of_a_document_can_be_mapped() -> None:
    with pytest.raises(ValueError, match=r"columns must map one of id, kind, .*, got 'body'"):
        FieldMapping(columns={"body": "text"})


def fenced(info: str) -> list[str]:
    page = Path(__file__).parents[3] / "docs" / "documents.md"
    return re.findall(rf"^```{info}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_examples_of_the_schema_page_are_documents() -> None:
    examples = fenced("json")
    assert len(examples) == 2
    for example in examples:
        parse_document(example.encode(), READ_AT)


def test_the_bad_examples_of_the_schema_page_are_rejected_as_it_says() -> None:
    (examples,) = fenced("json rejected")
    for name, example in json.loads(examples).items():
        with pytest.raises(RecordRejected) as caught:
            parse_document(json.dumps(example).encode(), READ_AT)
        assert caught.value.reason is RejectReason(name)


def test_the_row_of_the_schema_page_is_a_document_with_its_option() -> None:
    (example,) = fenced("json row")
    FieldMapping(kind="news").document(split_fields(example.encode()), READ_AT)


def test_the_schema_pages_name_every_reason() -> None:
    pages = Path(__file__).parents[3] / "docs"
    text = "".join((pages / name).read_text(encoding="utf-8") for name in ("documents.md", "corrections.md"))
    assert [reason for reason in RejectReason if f"`{reason.value}`" not in text] == []
