"""The options of a role's Faust app, each of which defuses a trap of DESIGN §5."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.roles.consumer import Consumer
from pipeline.roles.faust_app import Role, new_app
from pipeline.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(broker="kafka://a:1,b:2", topic_prefix="dev-", partitions=3, state_dir=tmp_path / "state")


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
def test_every_role_crashes_rather_than_loses(settings: Settings, role: Role) -> None:
    conf = new_app(settings, role).conf
    assert conf.agent_supervisor.__name__ == "CrashingSupervisor"
    assert conf.consumer_auto_offset_reset == "earliest"
    assert conf.producer_acks == -1
    assert conf.stream_wait_empty is False
    assert Consumer._new_offset.is_guarded


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
def test_no_role_makes_kafka_topics_or_opens_fausts_web_server(settings: Settings, role: Role) -> None:
    conf = new_app(settings, role).conf
    assert conf.topic_allow_declare is False
    assert conf.topic_disable_leader is True
    assert conf.web_enabled is False


def test_each_role_is_a_consumer_group_of_its_own_in_its_deployment(settings: Settings) -> None:
    apps = [new_app(settings, role) for role in Role]
    assert [app.conf.id for app in apps] == [
        "dev-finsurge-read",
        "dev-finsurge-link",
        "dev-finsurge-trends",
        "dev-finsurge-surges",
        "dev-finsurge-notify",
    ]
    assert {tuple(str(url) for url in app.conf.broker) for app in apps} == {("kafka://a:1", "kafka://b:2")}


def test_a_worker_that_is_not_heard_of_keeps_its_partitions_for_three_heartbeats_at_least(settings: Settings) -> None:
    for session_timeout_s in (2.0, 6.0, 30.0):
        conf = new_app(Settings(session_timeout_s=session_timeout_s, state_dir=settings.state_dir), Role.LINK).conf
        assert conf.broker_session_timeout == session_timeout_s
        assert conf.broker_heartbeat_interval <= session_timeout_s / 3


def test_roles_are_in_the_order_of_the_flow() -> None:
    assert [(role.number, role.inbound) for role in Role] == [
        (0, "documents"),
        (1, "decisions"),
        (2, "mentions"),
        (3, "candidates"),
        (4, "alerts"),
    ]
