"""`finsurge alerts test`, as a process, against a hook of this test."""

import asyncio
from pathlib import Path


async def run(finsurge, name: str, file: Path, **settings: str):
    return await asyncio.to_thread(finsurge, "alerts", "test", "--receiver", name, RECEIVERS=str(file), **settings)


async def test_a_receiver_is_sent_an_alert_that_says_that_it_is_a_test(finsurge, hook, tmp_path: Path) -> None:
    file = tmp_path / "receivers.yaml"
    file.write_text(f"receivers: [{{name: desk, kind: apprise, url: '{hook.url.replace('http', 'json')}'}}]")
    ended = await run(finsurge, "desk", file)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("desk has taken test alert finsurge-test-")
    body = (await hook.next()).body
    assert body["title"] == "TEST of finsurge: opened, warning"
    assert body["message"].startswith("TEST of finsurge, nothing has happened")


async def test_one_that_does_not_take_it_is_told_in_one_line(finsurge, hook, tmp_path: Path) -> None:
    hook.statuses = [503]
    file = tmp_path / "receivers.yaml"
    file.write_text("receivers: []")
    ended = await run(finsurge, "webhook", file, WEBHOOK_URL=hook.url)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "finsurge: webhook did not take the test alert: answered 503; correct FINSURGE_WEBHOOK_URL\n"
    )


async def test_one_that_nobody_named_is_told_with_those_that_there_are(finsurge, hook, tmp_path: Path) -> None:
    file = tmp_path / "receivers.yaml"
    file.write_text("receivers: [{name: desk, kind: webhook, url: 'http://127.0.0.1:1'}]")
    ended = await run(finsurge, "dsek", file)
    assert ended.stderr == "finsurge: no receiver is called 'dsek'; there are: desk\n"
