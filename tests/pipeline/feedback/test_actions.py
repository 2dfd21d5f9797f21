from datetime import UTC, datetime

import msgspec
import pytest

from pipeline.feedback.actions import QuarantineReleased, action_of
from pipeline.records import encode

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
RAW = (
    b'{"type":"quarantine_released","schema":1,"id":"a-1","topic":"tesla","analyst":"eve","by":"ada",'
    b'"at":"2026-01-02T12:00:00Z","reason":"a true crisis"}'
)


def test_a_release_travels_as_it_is_documented() -> None:
    released = QuarantineReleased(id="a-1", topic="tesla", analyst="eve", by="ada", at=NOON, reason="a true crisis")
    assert encode(released) == RAW
    assert action_of(RAW) == released
    assert released.release.at == NOON


def test_unknown_fields_are_ignored_and_so_are_actions_of_other_kinds() -> None:
    assert action_of(RAW.replace(b'"id"', b'"colour":"red","id"')) == action_of(RAW)
    assert action_of(b'{"type":"silenced","topic":"tesla"}') is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"no json",
        RAW.replace(b'"ada"', b'"eve"'),
        RAW.replace(b"a true crisis", b" "),
        RAW.replace(b"T12:00:00Z", b"T12:00:00"),
        RAW.replace(b'"topic":"tesla",', b""),
        RAW.replace(b'"tesla"', b'""'),
    ],
    ids=["nothing", "no json", "by oneself", "no reason", "no offset", "no topic", "an empty topic"],
)
def test_what_is_no_release_is_refused(value: bytes | None) -> None:
    with pytest.raises(msgspec.DecodeError):
        action_of(value)
