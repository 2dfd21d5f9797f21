import json
import logging
from datetime import UTC, datetime

import pytest

from pipeline.receivers.log import LogReceiver
from pipeline.receivers.sample import sample_alert
from pipeline.records import AlertStory


async def test_an_alert_is_one_line_of_json_whatever_its_texts_hold(caplog: pytest.LogCaptureFixture) -> None:
    alert = sample_alert(summary="line one\nCRITICAL forged line", topic_name="Société Générale")
    await LogReceiver(logging.getLogger("finsurge.alerts")).deliver(alert)
    (line,) = caplog.messages
    assert "\n" not in line
    said = json.loads(line.removeprefix("alert "))
    assert (said["id"], said["topic_name"]) == ("sample/1/1", "Société Générale")


async def test_no_text_of_a_document_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    story = AlertStory("CANARY of an excerpt", "http://a/1", "Wire", 2, datetime(2026, 1, 2, tzinfo=UTC))
    summary = "Tesla: 7 negative stories; reaches Ford; first: “CANARY ” of an excerpt”"
    await LogReceiver(logging.getLogger("finsurge.alerts")).deliver(sample_alert(summary=summary, stories=(story,)))
    (line,) = caplog.messages
    assert "CANARY" not in line
    said = json.loads(line.removeprefix("alert "))
    assert said["summary"] == "Tesla: 7 negative stories; reaches Ford"
    assert said["stories"][0]["url"] == "http://a/1"
