from __future__ import annotations

import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.logs.about import about, at
from pipeline.logs.formats import BODY
from pipeline.logs.setup import adopt_libraries, hide
from pipeline.settings import Settings, all_settings

LogInto = Callable[..., Any]

ours = logging.getLogger("pipeline.reading.reader")
library = logging.getLogger("aiokafka.conn")


def test_an_event_is_one_json_object_with_what_it_is_about(log_into: LogInto) -> None:
    output = log_into()
    ours.warning("no answer from %s", "a", extra=about(document="d-1", topic="tesla", partition=3, offset=7))
    [event] = output.events
    assert event.pop("timestamp").endswith("+00:00")
    assert event == {
        "level": "warning",
        "process": "read",
        "logger": "pipeline.reading.reader",
        "message": "no answer from a",
        "document": "d-1",
        "topic": "tesla",
        "partition": 3,
        "offset": 7,
    }


def test_what_runs_in_a_span_has_its_ids(log_into: LogInto) -> None:
    output = log_into(trace_ids=lambda: {"trace_id": "a" * 32, "span_id": "b" * 16})
    ours.info("x")
    [event] = output.events
    assert (event["trace_id"], event["span_id"]) == ("a" * 32, "b" * 16)


def test_the_place_of_a_record_is_three_fields(log_into: LogInto) -> None:
    class Record:
        topic, partition, offset = "documents", 2, 9

    output = log_into()
    ours.info("x", extra=at(Record()))
    [event] = output.events
    assert (event["kafka_topic"], event["partition"], event["offset"]) == ("documents", 2, 9)


@pytest.mark.parametrize(
    ("chosen", "is_terminal", "is_json"),
    [("auto", True, False), ("auto", False, True), ("json", True, True), ("console", False, False)],
)
def test_the_format_is_the_one_that_is_chosen(
    log_into: LogInto, chosen: str, is_terminal: bool, is_json: bool
) -> None:
    output = log_into(log_format=chosen, is_terminal=is_terminal)
    ours.warning("hm", extra=about(topic="tesla"))
    [line] = output.lines
    assert line.startswith("{") == is_json
    assert is_json or line.endswith("WARNING read: hm topic=tesla")


@pytest.mark.parametrize(
    ("level", "told"),
    [
        ("debug", ["ours debug", "ours info", "ours warning", "theirs warning"]),
        ("info", ["ours info", "ours warning", "theirs warning"]),
        ("warning", ["ours warning", "theirs warning"]),
        ("error", []),
    ],
)
def test_the_level_is_ours_and_libraries_only_warn(log_into: LogInto, level: str, told: list[str]) -> None:
    output = log_into(log_level=level)
    for name in ("debug", "info", "warning"):
        getattr(ours, name)("ours %s", name)
    for name in ("debug", "info", "warning"):
        getattr(library, name)("theirs %s", name)
    assert [event["message"] for event in output.events] == told


def test_a_library_with_a_handler_of_its_own_logs_as_all_others_do(log_into: LogInto) -> None:
    output = log_into()
    stubborn = logging.getLogger("stubborn")
    stubborn.addHandler(logging.StreamHandler(sys.stdout))
    stubborn.propagate = False
    quiet = logging.getLogger("quiet")
    quiet.propagate = False
    adopt_libraries()
    stubborn.warning("hm")
    quiet.warning("not told")
    assert [event["message"] for event in output.events] == ["hm"]


def test_a_warning_of_python_is_an_event(log_into: LogInto) -> None:
    output = log_into()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("old", stacklevel=1)
    assert "UserWarning: old" in output.events[0]["message"]


def test_an_error_that_nobody_expected_is_one_line_too() -> None:
    code = (
        "from pipeline.logs.setup import set_up_logs\nfrom pipeline.settings import Settings\n"
        "set_up_logs(Settings(review_salt='CANARY-1'), 'read')\nraise RuntimeError('about CANARY-1')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    event = json.loads(line)
    assert event["level"] == "critical"
    assert event["exception"].endswith("RuntimeError: about [hidden]")


@pytest.mark.parametrize("name", [each.name for each in all_settings() if each.is_secret])
@pytest.mark.parametrize("format_", ["json", "console"])
def test_no_secret_is_logged_whoever_logs_it(log_into: LogInto, name: str, format_: str) -> None:
    canary = "whsec_Q0FOQVJZQ0FOQVJZQ0FOQVJZQ0FOQVJZ"
    beside = {"kafka_user": "ada"} if name == "kafka_password" else {}
    output = log_into(log_format=format_, **{name: canary}, **beside)
    ours.warning("to %s", canary, extra=about(error=canary))
    library.error(f"cannot connect to {canary}")
    ours.warning("alert %s", "", extra={BODY: json.dumps({"summary": canary}).encode()})
    try:
        raise OSError(canary)
    except OSError:
        library.exception("failed")
    assert len(output.lines) >= 4
    assert canary not in output.getvalue()
    assert "[hidden]" in output.getvalue()


def test_of_a_secret_address_its_path_is_hidden_as_well(log_into: LogInto) -> None:
    output = log_into(webhook_url="https://ada:pass-word@hooks.example.com/services/T0/CANARY?key=CANARY-2")
    hide(["slack://T1/B1/CANARY-3"])
    library.warning("cannot connect to host hooks.example.com, POST /services/T0/CANARY")
    library.warning("query key=CANARY-2; user ada:pass-word; slack://T1/B1/CANARY-3")
    library.warning("amqp://x:y@somewhere/ answers not")
    assert "CANARY" not in output.getvalue()
    assert "pass-word" not in output.getvalue()
    assert "x:y@" not in output.getvalue()
    assert "hooks.example.com" in output.getvalue()


def test_a_line_is_bounded(log_into: LogInto) -> None:
    output = log_into()
    ours.warning("x" * 100_000, extra=about(document="y" * 100_000))
    try:
        raise ValueError("z" * 100_000)
    except ValueError:
        ours.exception("failed")
    first, second = output.lines
    assert len(first) < 2_600
    assert len(second) < 8_500
    assert json.loads(second)["exception"].endswith("zzz")


def test_a_message_cannot_forge_a_line_or_steer_a_terminal(log_into: LogInto) -> None:
    output = log_into(log_format="console")
    ours.warning("a\nCRITICAL read: forged \x1b[2J\u2028x", extra=about(document="b\r\nforged"))
    assert len(output.lines) == 1
    assert "\x1b" not in output.getvalue()
    assert r"a\nCRITICAL read: forged \x1b[2J\u2028x document=b\r\nforged" in output.getvalue()


def test_settings_of_logs_are_checked() -> None:
    for name in ("log_level", "log_format"):
        with pytest.raises(ValueError, match=f"{name} must be "):
            Settings(**{name: "loud"})


def test_every_field_is_in_the_documentation() -> None:
    from pipeline.logs.about import Fields

    page = (Path(__file__).resolve().parents[3] / "docs/logs-and-traces.md").read_text(encoding="utf-8")
    assert [name for name in Fields.__annotations__ if f"`{name}`" not in page] == []
