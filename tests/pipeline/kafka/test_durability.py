"""The traps of Faust, on a real Kafka, with processes that die: nothing is lost, and results are the replay's."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.app import Role
from pipeline.records import Document, encode

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

NAMES = ("Binance", "Coinbase", "Kraken", "Gemini", "Celsius", "BlockFi", "Tether", "Solana", "Ethereum", "Ripple")
VERBS = ("opens office in", "hires chief for", "talks to regulator of", "lists token from", "beats rivals in",
         "misses target in", "cuts fees in", "wins licence in")  # fmt: skip
PLACES = ("Texas", "Malta", "Dubai", "Seoul", "Tokyo", "Lagos", "Zug", "Paris", "Lima", "Oslo", "Perth", "Doha")
TROUBLES = ("halts withdrawals", "faces fraud probe", "loses auditor after crash", "sues former chief in scandal",
            "token plunge", "admits loss of funds", "is hacked", "files for bankruptcy", "misses payment to bank",
            "freeze angers lenders", "collapse feared by traders", "warning sent by regulator")  # fmt: skip
START_AT = datetime(2026, 3, 1, tzinfo=UTC)


def documents(n_ordinary: int = 1500, seed: int = 7) -> Iterator[bytes]:
    """Four days of ordinary news, then a crisis at FTX within hours of ordinary news; two minutes out of order."""
    rng = random.Random(seed)
    days = 4.0
    entries: list[tuple[float, str, str]] = []
    for n in range(n_ordinary):
        at_s = rng.random() * days * 86_400
        name = "FTX" if n % 40 == 0 else rng.choice(NAMES)
        text = f"{name} {rng.choice(VERBS)} {rng.choice(PLACES)} {rng.choice(PLACES)} {rng.randrange(10_000)}"
        entries.append((at_s, text, f"outlet-{rng.randrange(12)}"))
    for n, trouble in enumerate(TROUBLES * 2):
        text = f"FTX {trouble} in {rng.choice(PLACES)} and {rng.choice(PLACES)}, {rng.randrange(10_000)} clients say"
        entries.append((days * 86_400 - 6 * 3600 + n * 240.0, text, f"outlet-{n % 12}"))
    for number, (at_s, text, source) in enumerate(sorted(entries, key=lambda entry: entry[0] + rng.random() * 120)):
        yield encode(
            Document(
                schema=1,
                id=f"d{number}",
                kind="news",
                source=source,
                published_at=START_AT + timedelta(seconds=at_s),
                text=text,
            )
        )


def with_accident(values: list[bytes], fault: str, at: int) -> list[bytes]:
    """Return the values with a document in their midst that makes the fault happen."""
    at_doc = values[at].replace(b'"text":"', f'"text":"accident-{fault} '.encode())
    return [*values[:at], at_doc, *values[at + 1 :]]


def test_an_undisturbed_run_equals_the_replay_of_its_decisions(new_deployment):
    run = new_deployment()
    run.publish(list(documents()))
    run.start()
    run.settle()
    outcome = run.outcome()
    outcome.check()
    assert run.exits == []
    assert outcome.n_decisions == outcome.n_documents
    assert {alert.topic for alert in outcome.alerts.values()} == {"ftx"}


@pytest.mark.parametrize("fault", ["raise", "sigkill", "sigterm"])
def test_a_reader_that_dies_in_mid_batch_loses_nothing(new_deployment, fault):
    run = new_deployment()
    values = with_accident(list(documents()), fault, at=700)
    run.start()
    run.publish(values[:650])
    run.settle()
    run.publish(values[650:])
    run.settle()
    outcome = run.outcome()
    outcome.check()
    assert ("read", {"raise": 1, "sigkill": -signal.SIGKILL, "sigterm": 0}[fault]) in run.exits


def test_records_that_cannot_be_read_are_dead_letters_and_hold_nothing_up(new_deployment):
    run = new_deployment()
    values: list[bytes | None] = list(documents())
    bad = [b"\xff\xfe not json", b"", None, b"[1]", b'{"schema":1}', b'{"schema":1,"id":NaN}', b"{" * 5000,
           values[5].replace(b'"text":"', b'"text":"poison ')]  # fmt: skip
    for n, value in enumerate(bad):
        values.insert(100 + 50 * n, value)
    run.start()
    run.publish(values)
    run.publish_raw("decisions", [b"not json", b'{"type":"decision"}'])
    run.publish_raw("mentions", [b"\x00"])
    run.publish_raw("candidates", [b"{}"])
    run.settle()
    outcome = run.outcome()
    outcome.check()
    assert run.exits == []
    assert sorted(outcome.dead.values()) == sorted(
        ["bad_unicode", "empty_record", "empty_record", "not_an_object", "missing_field", "malformed_json",
         "malformed_json", "undecidable"]
    )  # fmt: skip


def test_a_document_that_kills_its_reader_is_a_dead_letter_after_three_deaths(new_deployment):
    run = new_deployment()
    values = list(documents())
    values[600] = values[600].replace(b'"text":"', b'"text":"murder ')
    run.start()
    run.publish(values)
    run.settle()
    outcome = run.outcome()
    outcome.check()
    assert list(outcome.dead.values()) == ["undecidable"]
    assert run.exits.count(("read", -signal.SIGKILL)) >= 3


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL])
def test_of_two_workers_one_may_leave(new_deployment, sign):
    run = new_deployment()
    values = list(documents())
    run.start(number=0)
    run.start(number=1)
    run.publish(values[:500])
    run.settle()
    run.publish(values[500:1000])
    for role in (Role.READ, Role.LINK, Role.TRENDS):
        run.leave(role, 1, sign)
    run.publish(values[1000:])
    run.settle()
    run.outcome().check()


def test_state_survives_kills_at_every_point_of_the_recipe(new_deployment):
    kills = [
        f"{role.value}:{point}:{n}" for role in (Role.LINK, Role.TRENDS) for point, n in (("sent", 4), ("written", 7))
    ]
    run = new_deployment(kills=",".join(kills))
    values = list(documents())
    run.start()
    for n in range(0, len(values), 300):
        run.publish(values[n : n + 300])
        run.settle()
    outcome = run.outcome()
    outcome.check()
    assert sorted(ended for ended in run.exits if ended[1] == -signal.SIGKILL) == [
        ("link", -signal.SIGKILL), ("link", -signal.SIGKILL), ("trends", -signal.SIGKILL), ("trends", -signal.SIGKILL)
    ]  # fmt: skip


def test_a_killed_worker_that_holds_windows_comes_back_with_them(new_deployment):
    run = new_deployment()
    values = list(documents())
    run.start()
    run.publish(values[:900])
    run.settle()
    run.kill(Role.TRENDS)
    run.kill(Role.SURGES)
    run.publish(values[900:])
    run.settle()
    run.outcome().check()
