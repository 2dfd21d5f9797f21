from __future__ import annotations

import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.document_files import FileFormat, FileUnreadable, format_of, read_rows
from pipeline.rejects import RecordRejected, RejectReason


def rows(content: bytes, file_format: FileFormat, max_bytes: int = 100) -> list[tuple[int, object]]:
    found: list[tuple[int, object]] = []
    for row in read_rows(io.BytesIO(content), file_format, max_bytes=max_bytes):
        if isinstance(row.fields, RecordRejected):
            found.append((row.number, row.fields.reason))
        else:
            values = {name: msgspec.json.decode(msgspec.json.encode(value)) for name, value in row.fields.items()}
            found.append((row.number, values))
    return found


def test_json_lines_keep_their_numbers_past_bad_and_blank_ones() -> None:
    content = b'\xef\xbb\xbf{"a":1}\n\n{"a":\n[]\n{"a":"\xff"}\r\n{"a":2}'
    assert rows(content, "jsonl") == [
        (1, {"a": 1}),
        (3, RejectReason.MALFORMED_JSON),
        (4, RejectReason.NOT_AN_OBJECT),
        (5, RejectReason.BAD_UNICODE),
        (6, {"a": 2}),
    ]


@pytest.mark.parametrize("file_format", ["jsonl", "lines"])
def test_an_endless_line_is_rejected_and_the_next_one_read(file_format: FileFormat) -> None:
    content = b"x" * 10_000 + b'\n{"a":1}\n' + b"y" * 10_000
    found = rows(content, file_format)
    assert [(number, outcome is RejectReason.TOO_LARGE) for number, outcome in found] == [
        (1, True),
        (2, False),
        (3, True),
    ]


def test_a_line_of_exactly_the_limit_is_taken() -> None:
    assert rows(b"x" * 100 + b"\n" + b"x" * 100, "lines") == [(1, {"text": "x" * 100}), (2, {"text": "x" * 100})]


def test_plain_lines_are_texts() -> None:
    assert rows(b"one\r\n \n\xff\ntwo", "lines") == [
        (1, {"text": "one"}),
        (3, RejectReason.BAD_UNICODE),
        (4, {"text": "two"}),
    ]


def test_csv_rows_are_numbered_by_their_first_line() -> None:
    content = b'\xef\xbb\xbfid, text\r\n1,"two\nlines"\n\n2,a,b\n3,\xff\n4,"said ""hm"""\n'
    assert rows(content, "csv") == [
        (2, {"id": "1", "text": "two\nlines"}),
        (5, RejectReason.MALFORMED_ROW),
        (6, RejectReason.BAD_UNICODE),
        (7, {"id": "4", "text": 'said "hm"'}),
    ]


def test_an_open_quote_is_a_malformed_row() -> None:
    assert rows(b'text\nok\n"never closed\nx\n', "csv") == [(2, {"text": "ok"}), (3, RejectReason.MALFORMED_ROW)]


def test_csv_goes_on_after_a_line_too_long() -> None:
    content = b"text\n" + b"x" * 1000 + b"\nok\n"
    assert rows(content, "csv") == [(2, RejectReason.TOO_LARGE), (3, {"text": "ok"})]


@pytest.mark.parametrize("content", [b"", b"\n", b",,\n"])
def test_a_csv_without_a_header_is_unreadable(content: bytes) -> None:
    with pytest.raises(FileUnreadable, match="has no header"):
        rows(content, "csv")


def test_the_format_is_told_by_the_name() -> None:
    names = ["a.jsonl", "a.NDJSON.gz", "a.b.csv", "a.txt"]
    assert [format_of(name) for name in names] == ["jsonl", "jsonl", "csv", "lines"]


@given(st.binary(max_size=300), st.sampled_from(["jsonl", "csv", "lines"]))
def test_any_bytes_are_rows_in_order_or_an_unreadable_file(content: bytes, file_format: FileFormat) -> None:
    try:
        numbers = [number for number, _ in rows(content, file_format, max_bytes=20)]
    except FileUnreadable:
        return
    assert numbers == sorted(set(numbers))
