"""Apprise against servers on this machine: mail by SMTP, a JSON hook, and what Slack's hooks take."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from pipeline.receivers.apprise import AppriseReceiver, AppriseUrlInvalid
from pipeline.receivers.message import message_of
from pipeline.receivers.receiver import DeliveryFailed
from pipeline.receivers.sample import sample_alert


class Mailbox:
    """Takes mail, or answers `refusals` in turn first."""

    def __init__(self) -> None:
        self.refusals: list[str] = []
        self.took: list[tuple[list[str], EmailMessage]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refusals:
            return self.refusals.pop(0)
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.took.append((envelope.rcpt_tos, mail))
        return "250 OK"


class Mail:
    """A mail server that can be started late."""

    def __init__(self) -> None:
        self.box = Mailbox()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._controller = Controller(self.box, hostname="127.0.0.1", port=self._port)
        self._is_up = False

    @property
    def url(self) -> str:
        return f"mailto://127.0.0.1:{self._port}/?mode=insecure&from=finsurge@example.com&to=desk@example.com"

    def start(self) -> None:
        self._controller.start()
        self._is_up = True

    def stop(self) -> None:
        if self._is_up:
            self._controller.stop()


@pytest.fixture
def mail() -> Iterator[Mail]:
    server = Mail()
    yield server
    server.stop()


def at(hook: Any, scheme: str, path: str = "") -> str:
    return f"{scheme}://{hook.url.removeprefix('http://').removesuffix('/hook')}/{path}"


async def test_a_mail_arrives_with_the_sentence_first_and_a_subject(mail: Mail) -> None:
    mail.start()
    await AppriseReceiver("desk", mail.url).deliver(sample_alert())
    ((to, received),) = mail.box.took
    assert to == ["desk@example.com"]
    assert received["subject"] == "Sample Ltd: opened, warning"
    body = received.get_body(("plain", "html"))
    assert body is not None
    text = body.get_content()
    assert text.index("14 negative stories in 4 h") < text.index("Sample Ltd halts withdrawals")
    assert "https://example.com/1" in text
    assert "6 copies" in text


async def test_a_mail_server_that_is_down_and_comes_back_gets_the_alert_once(mail: Mail) -> None:
    receiver = AppriseReceiver("desk", mail.url)
    with pytest.raises(DeliveryFailed, match="not taken by the service") as failed:
        await receiver.deliver(sample_alert())
    assert failed.value.is_retryable
    mail.start()
    mail.box.refusals = ["451 try again later"]
    with pytest.raises(DeliveryFailed):
        await receiver.deliver(sample_alert())
    await receiver.deliver(sample_alert())
    assert len(mail.box.took) == 1


async def test_a_json_hook_gets_title_body_and_kind(hook) -> None:
    receiver = AppriseReceiver("desk", at(hook, "json"))
    for changes, kind in (
        ({}, "warning"),
        ({"severity": "critical"}, "failure"),
        ({"transition": "closed"}, "success"),
    ):
        alert = sample_alert(**changes)
        await receiver.deliver(alert)
        body = (await hook.next()).body
        message = message_of(alert)
        assert (body["title"], body["message"], body["type"]) == (message.title, message.body, kind)


async def test_what_takes_slacks_hooks_gets_the_alert(hook) -> None:
    # Mattermost's incoming hooks are Slack's; Apprise sends Slack's own to slack.com alone
    await AppriseReceiver("desk", at(hook, "mmost", "3ccdd113474722377935511fc85d3dd4")).deliver(sample_alert())
    text = (await hook.next()).body["text"]
    assert "14 negative stories in 4 h where 1.2 (0 to 4) were expected" in text
    assert "https://example.com/1" in text


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 503])
async def test_what_time_or_a_person_can_mend_is_tried_again(hook, status: int) -> None:
    hook.statuses = [status]
    receiver = AppriseReceiver("desk", at(hook, "json"))
    with pytest.raises(DeliveryFailed, match=f"answered {status}") as failed:
        await receiver.deliver(sample_alert())
    assert (failed.value.is_retryable, failed.value.may_have_arrived) == (True, False)
    await receiver.deliver(sample_alert())


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_message_that_the_service_does_not_want_is_refused_for_good(hook, status: int) -> None:
    hook.statuses = [status]
    with pytest.raises(DeliveryFailed, match=f"answered {status}") as failed:
        await AppriseReceiver("desk", at(hook, "json")).deliver(sample_alert())
    assert not failed.value.is_retryable


async def test_a_service_that_never_answers_holds_up_neither_the_loop_nor_another_receiver(hook, second_hook) -> None:
    hook.never_answers = True
    slow = AppriseReceiver("slow", at(hook, "json", "?rto=1"))
    quick = AppriseReceiver("quick", at(second_hook, "json"))
    waiting = asyncio.create_task(slow.deliver(sample_alert()))
    await hook.next()  # it is in the middle of the post
    await quick.deliver(sample_alert())
    assert not waiting.done()
    with pytest.raises(DeliveryFailed) as failed:
        await waiting
    assert (failed.value.is_retryable, failed.value.may_have_arrived) == (True, True)


async def test_a_try_ends_with_its_time(hook) -> None:
    hook.never_answers = True
    with pytest.raises(DeliveryFailed, match=r"no answer within 0\.2 s") as failed:
        await AppriseReceiver("slow", at(hook, "json", "?rto=1"), timeout_s=0.2).deliver(sample_alert())
    assert failed.value.may_have_arrived


TALKATIVE = """
import asyncio, logging, sys
logging.basicConfig(level=1)
from pipeline.receivers.apprise import AppriseReceiver
from pipeline.receivers.sample import sample_alert
try:
    receiver = AppriseReceiver("desk", sys.argv[1])
    print(receiver)
    asyncio.run(receiver.deliver(sample_alert()))
except Exception as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("json://me:hunter2@127.0.0.1:1/s3cret?x=t0ken", "not taken by the service"),
        ("slack://hunter2/s3cret!/t0ken", "no URL of a service that Apprise knows"),
    ],
)
def test_nothing_of_the_url_is_logged_or_told_even_where_all_is_logged(url: str, said: str) -> None:
    # another process: pytest listens to loggers that nobody else hears
    ended = subprocess.run([sys.executable, "-c", TALKATIVE, url], capture_output=True, text=True, timeout=60)
    assert said in ended.stdout
    heard = ended.stdout + ended.stderr
    assert not [word for word in ("hunter2", "s3cret", "t0ken") if word in heard]


@pytest.mark.parametrize("url", ["", "nonsense", "slack://", "https://", "json://a, json://b"])
def test_what_is_no_service_is_told_at_once(url: str) -> None:
    with pytest.raises(AppriseUrlInvalid, match="no URL of a service that Apprise knows"):
        AppriseReceiver("desk", url)
