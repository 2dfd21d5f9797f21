"""What real processes log: JSON, a line for each event, without any secret and without any document's text."""

from __future__ import annotations

import json
import time

import pytest

from pipeline.receivers.sample import sample_alert
from pipeline.records import AlertStory, encode
from pipeline.roles.faust_app import Role

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(200)]

PATIENCE_S = 60.0
SECRET = "whsec_Q0FOQVJZQ0FOQVJZQ0FOQVJZQ0FOQVJZ"  # noqa: S105
NOBODY = "http://127.0.0.1:1"  # a port that only root could listen on


def test_neither_secrets_nor_texts_are_in_the_logs_of_processes(new_deployment, documents, tmp_path) -> None:
    receivers = tmp_path / "receivers.yaml"
    receivers.write_text(
        f"""
receivers:
- {{name: desk, kind: apprise, url: "json://CANARY-user:CANARY-password@127.0.0.1:1/CANARY-path"}}
- {{name: archive, kind: webhook, url: "{NOBODY}/CANARY-archive", secret: {SECRET}}}
"""
    )
    run = new_deployment(
        receivers=receivers,
        webhook_url="http://CANARY-name:CANARY-word@127.0.0.1:1/services/CANARY-token?key=CANARY-key",
        webhook_secret=SECRET,
        alertmanager_url="http://CANARY-am:CANARY-pw@127.0.0.1:1/am",
        review_salt="CANARY-salt",
        log_level="debug",
        log_format="json",
    )
    first = next(iter(documents()))
    run.publish(
        [
            first.replace(b'"text":"', b'"text":"CANARY-text '),
            first.replace(b'"text":"', b'"text":"CANARY-text poison '),
            b'{"schema":1,"id":"CANARY-id","kind":"CANARY-kind',
            first.replace(b'"kind":"news"', b'"kind":"CANARY-kind"'),
        ]
    )
    story = AlertStory("CANARY-excerpt", "http://a/1", "Wire", 1, sample_alert().at)
    alert = sample_alert(stories=(story,), summary="Sample: 7 negative stories; first: “CANARY-excerpt”")
    run.publish_raw("alerts", [encode(alert)], keys=[b"sample"])
    run.start([Role.READ, Role.NOTIFY])

    waited_for = {"read": {"goes to the dead letters"}, "notify": {f"not delivered to {name}," for name in
                  ("webhook", "alertmanager", "desk", "archive")} | {"alert"}}  # fmt: skip
    until_s = time.monotonic() + PATIENCE_S
    while missing := [
        words
        for role, all_words in waited_for.items()
        for words in all_words
        if words not in (run.settings.state_dir / f"{role}-0.log").read_text(encoding="utf-8")
    ]:
        assert time.monotonic() < until_s, f"{missing} not logged: {run.logs()}"
        time.sleep(0.2)
    run.stop()

    assert run.exits == []
    for role in ("read", "notify"):
        lines = (run.settings.state_dir / f"{role}-0.log").read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if not line.startswith("{")] == []
        events = [json.loads(line) for line in lines]
        assert {event["process"] for event in events} == {role}
        assert [line for line in lines if "CANARY" in line or "Q0FOQVJZ" in line] == []
    refused = [event for event in events if "not delivered to" in event["message"]]
    assert {event["receiver"] for event in refused} == {"webhook", "alertmanager", "desk", "archive"}
    assert {(event["alert"], event["topic"]) for event in refused} == {("sample/1/1", "sample")}
    [told] = [event for event in events if "body" in event]
    assert told["body"]["summary"] == "Sample: 7 negative stories"
