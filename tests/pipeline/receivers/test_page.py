"""The examples of docs/alerts.md are what they say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from pipeline.feedback.actions_on_alerts import Silenced, alert_action_of
from pipeline.receivers.named import load_receivers
from pipeline.receivers.notice import ActionTold, told_of
from pipeline.receivers.signature import WebhookSigner
from pipeline.records import AlertRecord, decode, encode
from pipeline.settings import Settings

PAGE = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text(encoding="utf-8")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105


def example(kind: str) -> str:
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return str(found)


def test_its_alert_is_one_and_has_every_field() -> None:
    told = example("json alert")
    assert decode(AlertRecord, told.encode()).id == "TSLA/3/1"
    assert [name for name in AlertRecord.__struct_fields__ if f'"{name}"' not in told] == []


def test_its_receivers_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "receivers.yaml"
    file.write_text(example("yaml receivers"), encoding="utf-8")
    environ = {"ARCHIVE_SECRET": SECRET, "RISK_DESK_URL": "json://127.0.0.1"}
    specs = load_receivers(Settings(receivers=file), environ)
    assert [(spec.name, spec.kind) for spec in specs] == [
        ("archive", "webhook"),
        ("alertmanager-2", "alertmanager"),
        ("risk-desk", "apprise"),
    ]


def test_its_action_is_what_a_webhook_gets_beside_the_alert() -> None:
    shown = json.loads(example("json action"))
    alert = decode(AlertRecord, example("json alert").encode())
    told = json.loads(encode(told_of(alert, msgspec.convert(shown["action"], ActionTold))))
    assert {name: told[name] for name in shown} == shown


def test_its_silence_is_one() -> None:
    assert isinstance(alert_action_of(example("json silence").encode()), Silenced)


def test_its_check_of_a_signature_takes_ours_and_neither_forged_nor_old_ones() -> None:
    namespace: dict[str, Callable[[Mapping[str, str], bytes, str, float], bool]] = {}
    exec(example("python signature"), namespace)  # noqa: S102
    is_ours = namespace["is_ours"]
    at = datetime(2026, 1, 2, tzinfo=UTC)
    now = at.timestamp()
    headers = WebhookSigner(f"{SECRET} whsec_{'A' * 32}").headers("TSLA/3/1", at, b"{}")
    assert is_ours(headers, b"{}", SECRET, now)
    assert is_ours(headers, b"{}", f"whsec_{'A' * 32}", now)
    assert not is_ours(headers, b"{ }", SECRET, now)
    assert not is_ours(headers, b"{}", f"whsec_{'B' * 32}", now)
    assert not is_ours(headers | {"webhook-id": "TSLA/3/2"}, b"{}", SECRET, now)
    assert not is_ours(headers, b"{}", SECRET, now + 301)
