"""What compose's Prometheus, Alertmanager and Kafka are told, tried by their own programs."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.broker.server import KafkaServer, KafkaUnavailable
from pipeline.broker.topics import check, create, topic_specs
from pipeline.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
COMPOSE = ROOT / "deploy" / "compose"
Tool = Callable[[str], str]


def test_promtool_takes_the_configuration_with_the_rules(tool: Tool, tmp_path: Path) -> None:
    text = (COMPOSE / "prometheus.yml").read_text(encoding="utf-8")
    rules = ROOT / "deploy" / "prometheus" / "rules"
    assert "/etc/prometheus/rules" in text
    (tmp_path / "prometheus.yml").write_text(text.replace("/etc/prometheus/rules", str(rules)), encoding="utf-8")
    told = subprocess.run(
        [tool("promtool"), "check", "config", "prometheus.yml"], cwd=tmp_path, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr
    n_rule_files = len(list(rules.glob("*.yaml")))
    assert f"SUCCESS: {n_rule_files} rule files found" in told.stdout


def amtool(tool: Tool, *arguments: str) -> str:
    told = subprocess.run([tool("amtool"), *arguments], cwd=COMPOSE, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    return told.stdout


def test_amtool_takes_the_configuration(tool: Tool) -> None:
    assert "2 receivers" in amtool(tool, "check-config", "alertmanager.yml")


def test_amtool_takes_what_the_comments_suggest_as_well(tool: Tool, tmp_path: Path) -> None:
    text = (COMPOSE / "alertmanager.yml").read_text(encoding="utf-8")
    suggested = re.sub(r"^    # ", "    ", text, flags=re.MULTILINE)
    assert suggested != text
    (tmp_path / "alertmanager.yml").write_text(suggested, encoding="utf-8")
    assert "2 receivers" in amtool(tool, "check-config", str(tmp_path / "alertmanager.yml"))


@pytest.mark.parametrize(
    ("alert", "receiver"), [("NegativeSurge", "analysts"), ("FinsurgeRoleDown", "platform"), ("Watchdog", "platform")]
)
def test_surges_go_to_analysts_and_all_else_to_the_platform(tool: Tool, alert: str, receiver: str) -> None:
    routes = amtool(
        tool, "config", "routes", "test", "--config.file=alertmanager.yml", f"alertname={alert}", "topic=TSLA"
    )
    assert routes.strip() == receiver


class ComposeKafka(KafkaServer):
    """A Kafka of compose's settings, but for the names of its hosts, its ports and its folder."""

    def _write_properties(self) -> None:
        text = (COMPOSE / "kafka" / "server.properties").read_text(encoding="utf-8")
        ports = {"19092": str(free_port()), "9092": str(self.port), "9093": str(free_port())}
        text = text.replace("kafka:19092", "localhost:19092").replace("://:", "://127.0.0.1:")
        text = re.sub(r":(19092|9092|9093)\b", lambda found: f":{ports[found[1]]}", text)
        text = text.replace("/var/lib/kafka/data", "data")
        self.home.mkdir(parents=True, exist_ok=True)
        self._properties.write_text(text, encoding="utf-8")

    def _started_at(self) -> str:
        return self.bootstrap


def test_kafka_takes_its_settings_and_finsurge_its_kafka(tmp_path: Path, kafka_cache: Path) -> None:
    server = ComposeKafka(tmp_path / "kafka", cache=kafka_cache)
    try:
        server.start()
    except KafkaUnavailable as reason:
        if os.environ.get("CI"):
            pytest.fail(f"the tests on a real Kafka must run in CI: {reason}", pytrace=False)
        pytest.skip(f"left out: {reason}")
    try:
        specs = topic_specs("", 4)
        create(server.connection, specs)
        assert list(check(server.connection, specs)) == []
    finally:
        server.stop()
