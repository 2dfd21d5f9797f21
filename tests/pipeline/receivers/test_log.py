import json
import logging

import pytest

from pipeline.receivers.log import LogReceiver
from pipeline.receivers.sample import sample_alert


async def test_an_alert_is_one_line_of_json_whatever_its_texts_hold(caplog: pytest.LogCaptureFixture) -> None:
    alert = sample_alert(summary="line one\nCRITICAL forged line", topic_name="Société Générale")
    await LogReceiver(logging.getLogger("finsurge.alerts")).deliver(alert)
    (line,) = caplog.messages
    assert "\n" not in line
    said = json.loads(line.removeprefix("alert "))
    assert (said["id"], said["topic_name"]) == ("sample/1/1", "Société Générale")
