"""The traps of Faust, on a real Kafka, with processes that die: nothing is lost, and results are the replay's."""

from __future__ import annotations

import signal

import pytest

from pipeline.roles.faust_app import Role

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]


def with_accident(values: list[bytes], fault: str, at: int) -> list[bytes]:
    """Return the values with a document in their midst that makes the fault happen."""
    at_doc = values[at].replace(b'"text":"', f'"text":"accident-{fault} '.encode())
    return [*values[:at], at_doc, *values[at + 1 :]]


def test_an_undisturbed_run_equals_the_replay_of_its_decisions(new_deployment, documents):
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
def test_a_reader_that_dies_in_mid_batch_loses_nothing(new_deployment, documents, fault):
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


def test_records_that_cannot_be_read_are_dead_letters_and_hold_nothing_up(new_deployment, documents):
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


def test_a_document_that_kills_its_reader_is_a_dead_letter_after_three_deaths(new_deployment, documents):
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
def test_of_two_workers_one_may_leave(new_deployment, documents, sign):
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


def test_state_survives_kills_at_every_point_of_the_recipe(new_deployment, documents):
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


def test_a_killed_worker_that_holds_windows_comes_back_with_them(new_deployment, documents):
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


def test_a_worker_that_was_stopped_for_too_long_does_no_harm_when_it_wakes(new_deployment, documents):
    run = new_deployment()
    values = list(documents())
    run.start(number=0)
    run.start([Role.LINK, Role.TRENDS], number=1)
    run.publish(values[:500])
    run.settle()
    run.publish(values[500:800])
    with run.suspended(Role.LINK, 1), run.suspended(Role.TRENDS, 1):
        run.publish(values[800:1100])
        run.settle()
    run.publish(values[1100:])
    run.settle()
    run.outcome().check()
