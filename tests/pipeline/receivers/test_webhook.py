import asyncio
import base64
import hashlib
import hmac
from datetime import UTC, datetime

import aiohttp
import pytest

from pipeline.receivers.receiver import DeliveryFailed
from pipeline.receivers.sample import sample_alert
from pipeline.receivers.signature import WebhookSigner
from pipeline.receivers.webhook import WebhookReceiver
from pipeline.records import AlertRecord, decode, encode
from pipeline.settings import Settings, SettingsInvalid

SECRET = f"whsec_{base64.b64encode(b'of this test and no other').decode()}"


async def test_the_alert_arrives_as_it_is_on_the_wire_with_its_id_as_key(hook, session) -> None:
    await WebhookReceiver(session, hook.url).deliver(sample_alert())
    received = await hook.next()
    assert received.headers["Idempotency-Key"] == "sample/1/1"
    assert received.headers["Content-Type"] == "application/json"
    assert received.body["id"] == "sample/1/1"
    assert decode(AlertRecord, encode(sample_alert())) == sample_alert()


async def test_each_try_is_signed_with_its_own_time_under_one_id(hook, session) -> None:
    times = iter([datetime(2026, 1, 2, 3, 4, 5, 900_000, tzinfo=UTC), datetime(2026, 1, 2, 3, 4, 9, tzinfo=UTC)])
    signer = WebhookSigner(SECRET)
    receiver = WebhookReceiver(session, hook.url, signer=signer, now=lambda: next(times))
    for seconds in ("1767323045", "1767323049"):
        await receiver.deliver(sample_alert())
        told = (await hook.next()).headers
        assert (told["webhook-id"], told["Idempotency-Key"]) == ("sample/1/1", "sample/1/1")
        assert told["webhook-timestamp"] == seconds
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        signed = b"sample/1/1." + seconds.encode() + b"." + encode(sample_alert())
        digest = hmac.new(key, signed, hashlib.sha256).digest()
        assert told["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


async def test_while_receivers_change_over_there_is_a_signature_of_each_secret(hook, session) -> None:
    signer = WebhookSigner(f"{SECRET} whsec_{base64.b64encode(b'x' * 24).decode()}")
    await WebhookReceiver(session, hook.url, signer=signer).deliver(sample_alert())
    assert (await hook.next()).headers["webhook-signature"].count("v1,") == 2


async def test_without_a_secret_nothing_is_signed(hook, session) -> None:
    await WebhookReceiver(session, hook.url).deliver(sample_alert())
    assert "webhook-signature" not in (await hook.next()).headers


@pytest.mark.parametrize("secret", ["", "hunter2", "whsec_not base64", "whsec_%%%", "whsec_c2hvcnQ="])
def test_a_secret_that_is_none_is_told_with_the_mend_and_not_shown(secret: str) -> None:
    with pytest.raises(SettingsInvalid) as invalid:
        Settings(webhook_secret=secret)
    assert str(invalid.value).startswith("webhook_secret must")
    assert not secret or secret.removeprefix("whsec_") not in str(invalid.value)


async def test_an_id_in_another_script_is_encoded_in_the_header_and_plain_in_the_body(hook, session) -> None:
    await WebhookReceiver(session, hook.url).deliver(sample_alert(topic="トヨタ\r\nX-Forged: 1"))
    received = await hook.next()
    assert received.headers["Idempotency-Key"] == (
        "%E3%83%88%E3%83%A8%E3%82%BF%0D%0AX-Forged:%201/1/1"  # percent-encoded UTF-8
    )
    assert "X-Forged" not in received.headers
    assert received.body["id"] == "トヨタ\r\nX-Forged: 1/1/1"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 425, 429])
async def test_trouble_that_passes_is_retryable(hook, session, status: int) -> None:
    hook.statuses = [status]
    with pytest.raises(DeliveryFailed, match=f"answered {status}") as failed:
        await WebhookReceiver(session, hook.url).deliver(sample_alert())
    assert failed.value.is_retryable


@pytest.mark.parametrize("status", [302, 307, 400, 401, 403, 404, 413, 422])
async def test_any_other_refusal_is_for_good(hook, session, status: int) -> None:
    hook.statuses = [status]
    hook.headers = {"Location": hook.url}
    with pytest.raises(DeliveryFailed, match=f"answered {status}") as failed:
        await WebhookReceiver(session, hook.url).deliver(sample_alert())
    assert not failed.value.is_retryable
    assert hook.received.qsize() == 1, "a redirect must not be followed"


async def test_no_answer_in_time_is_retryable(hook, session) -> None:
    hook.never_answers = True
    with pytest.raises(DeliveryFailed, match=r"no answer within 0\.05 s") as failed:
        await WebhookReceiver(session, hook.url, timeout_s=0.05).deliver(sample_alert())
    assert failed.value.is_retryable
    assert failed.value.may_have_arrived


async def test_nobody_listening_is_retryable_and_the_url_stays_secret(session) -> None:
    with pytest.raises(DeliveryFailed) as failed:
        await WebhookReceiver(session, "http://127.0.0.1:1/services/s3cret?token=t0ken").deliver(sample_alert())
    assert failed.value.is_retryable
    assert not failed.value.may_have_arrived
    assert "s3cret" not in str(failed.value)
    assert "t0ken" not in str(failed.value)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "no-url", "http://"])
async def test_a_url_that_cannot_be_posted_to_is_refused_for_good(session, url: str) -> None:
    with pytest.raises(DeliveryFailed, match="not a URL that can be posted to") as failed:
        await WebhookReceiver(session, url).deliver(sample_alert())
    assert not failed.value.is_retryable


async def test_what_a_refusal_says_is_one_short_line(hook, session) -> None:
    hook.statuses, hook.text = [400], "first\nsecond " + "x" * 10_000
    with pytest.raises(DeliveryFailed) as failed:
        await WebhookReceiver(session, hook.url).deliver(sample_alert())
    assert str(failed.value).startswith("answered 400: first second xxx")
    assert len(str(failed.value)) < 250


async def test_a_connection_cut_in_mid_answer_is_retryable(session: aiohttp.ClientSession) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(cut, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(DeliveryFailed, match="no connection") as failed:
            await WebhookReceiver(session, f"http://127.0.0.1:{port}/").deliver(sample_alert())
    assert failed.value.is_retryable
    assert failed.value.may_have_arrived
