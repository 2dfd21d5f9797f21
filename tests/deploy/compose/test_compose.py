"""What compose.yaml resolves to, by profile: commands, settings, files, images, and what a container may do."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from pipeline.broker.connection import Login, Tls
from pipeline.probe import PLACES
from pipeline.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[3]
COMPOSE = ROOT / "deploy" / "compose"
CONFIG = COMPOSE / "config" / "finsurge.yaml"
WATCHING = {"prometheus", "alertmanager", "grafana"}
FLOW = {"kafka", "topics", "link", "trends", "surges", "notify", "feedback", "learner", "exporter"}
PROFILES = {
    "cpu": FLOW | WATCHING | {"read"},
    "gpu": FLOW | WATCHING | {"read-gpu"},
    "demo": FLOW | WATCHING | {"read", "news"},
}
JOBS = {"topics", "news"}

Service = dict[str, Any]
Resolve = Callable[..., dict[str, Service]]


@pytest.fixture
def resolve(tool: Callable[[str], str]) -> Resolve:
    """Resolves a profile by the real docker compose, with a file of variables; returns its services."""
    compose = tool("docker-compose")

    def run(profile: str, env_file: str = "/dev/null") -> dict[str, Service]:
        command = [compose, "-f", COMPOSE / "compose.yaml", "--env-file", env_file, "--profile", profile]
        environ = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
        told = subprocess.run([*command, "config", "--format", "json"], env=environ, capture_output=True, text=True)
        assert told.returncode == 0, told.stderr
        assert told.stderr == ""
        services: dict[str, Service] = json.loads(told.stdout)["services"]
        return services

    return run


@pytest.fixture
def services(resolve: Resolve) -> dict[str, Service]:
    """All services of all profiles."""
    return {name: service for profile in PROFILES for name, service in resolve(profile).items()}


def of_finsurge(services: dict[str, Service]) -> dict[str, Service]:
    return {name: service for name, service in services.items() if service["image"].startswith("finsurge:")}


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_has_all_that_one_machine_needs(resolve: Resolve, profile: str) -> None:
    assert set(resolve(profile)) == PROFILES[profile]


def test_without_a_profile_nothing_starts_by_mistake(tool: Callable[[str], str]) -> None:
    command = [
        tool("docker-compose"),
        "-f",
        COMPOSE / "compose.yaml",
        "--env-file",
        "/dev/null",
        "config",
        "--services",
    ]
    assert subprocess.run(command, capture_output=True, text=True).stdout == ""


@pytest.mark.parametrize("profile", PROFILES)
def test_the_example_of_variables_says_the_defaults(resolve: Resolve, profile: str) -> None:
    assert resolve(profile, str(COMPOSE / ".env.example")) == resolve(profile)


def test_the_example_names_every_variable_that_is_used() -> None:
    used = set(re.findall(r"\$\{(\w+)", (COMPOSE / "compose.yaml").read_text(encoding="utf-8")))
    named = re.findall(r"^(\w+)=", (COMPOSE / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(named) == sorted(used)


def test_every_command_is_a_command_line_of_finsurge(
    services: dict[str, Service], command_of: Callable[[Sequence[str]], str]
) -> None:
    commands = {name: command_of(service["command"]) for name, service in of_finsurge(services).items()}
    standing = {name: name for name in ("feedback", "learner", "exporter")}
    roles = dict.fromkeys(("read", "read-gpu", "link", "trends", "surges", "notify"), "worker")
    assert commands == {"topics": "topics create", "news": "demo", **standing, **roles}
    for name, service in of_finsurge(services).items():
        if commands[name] == "worker":
            assert service["command"][-1] == name.removesuffix("-gpu")


def test_every_variable_is_a_setting_with_a_value_that_holds(services: dict[str, Service]) -> None:
    known = {f"FINSURGE_{name.upper()}" for name in Settings.__dataclass_fields__} | {"FINSURGE_CONFIG"}
    for name, service in of_finsurge(services).items():
        environ = service["environment"]
        assert set(environ) - known <= {"OMP_NUM_THREADS"}, name
        # the file lies elsewhere in the container
        settings = load_settings({**environ, "FINSURGE_CONFIG": str(CONFIG)})
        assert settings.bootstrap == "kafka:19092"
        assert settings.http_host == "0.0.0.0"  # noqa: S104


def test_every_setting_that_the_file_suggests_is_one(tmp_path: Path) -> None:
    text = CONFIG.read_text(encoding="utf-8")
    suggested = [line.removeprefix("# ") for line in text.splitlines() if re.match(r"# \w+: ", line)]
    (tmp_path / "finsurge.yaml").write_text("\n".join(suggested), encoding="utf-8")
    settings = load_settings({}, tmp_path / "finsurge.yaml")
    assert settings.analysts == Path("/etc/finsurge/analysts.yaml")


def test_the_lines_for_a_kafka_with_tls_and_a_login_are_settings(tmp_path: Path) -> None:
    page = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"^```yml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    every = re.sub(r"^# (kafka_\w+: )", r"\1", lines, flags=re.MULTILINE).replace("/run/secrets", str(tmp_path))
    (tmp_path / "kafka-password").write_text("hidden\n", encoding="utf-8")
    (tmp_path / "finsurge.yaml").write_text(every, encoding="utf-8")
    settings = load_settings({"FINSURGE_BROKER": "kafka+ssl://kafka:9093"}, tmp_path / "finsurge.yaml")
    assert settings.connection.login == Login("finsurge", "hidden", "PLAIN")
    assert settings.connection.tls == Tls(*(tmp_path / name for name in ("kafka-ca.pem", "kafka.crt", "kafka.key")))


def bound(service: Service) -> Iterator[Path]:
    return (Path(volume["source"]) for volume in service.get("volumes", ()) if volume["type"] == "bind")


def test_every_file_that_is_mounted_is_in_the_repository(services: dict[str, Service]) -> None:
    for name, service in services.items():
        for path in bound(service):
            told = subprocess.run(["git", "ls-files", path], cwd=ROOT, capture_output=True, text=True)
            assert told.stdout, f"{name}: {path}"


def test_every_process_of_finsurge_sees_settings_and_secrets(services: dict[str, Service]) -> None:
    """All of them: whatever goes to Kafka needs the files that TLS and a login are made of."""
    for name, service in of_finsurge(services).items():
        assert {COMPOSE / "config", COMPOSE / "secrets"} <= set(bound(service)), name


def test_what_is_mounted_from_the_repository_is_read_only(services: dict[str, Service]) -> None:
    for name, service in services.items():
        bind = [volume for volume in service.get("volumes", ()) if volume["type"] == "bind"]
        assert all(volume["read_only"] for volume in bind), name


def test_every_image_of_others_is_pinned(services: dict[str, Service]) -> None:
    others = {service["image"] for name, service in services.items() if name not in of_finsurge(services)}
    assert len(others) == 4
    for image in others:
        assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", image), image


def test_kafka_is_the_version_that_the_tests_run_on(services: dict[str, Service]) -> None:
    pom = ElementTree.parse(ROOT / "deploy" / "kafka" / "pom.xml")  # noqa: S314 -- our own file
    version = pom.findtext(".//{*}kafka.version")
    assert services["kafka"]["image"] == f"apache/kafka:{version}"


def test_the_image_is_the_one_of_this_version_and_of_the_right_variant(services: dict[str, Service]) -> None:
    for name, service in of_finsurge(services).items():
        variant = "cuda" if name == "read-gpu" else "cpu"
        assert service["image"] == f"finsurge:0.1.0-{variant}"
        assert service["build"]["args"]["VARIANT"] == variant
        assert Path(service["build"]["context"]) == ROOT
        assert (ROOT / service["build"]["dockerfile"]).is_file()


def test_no_container_can_do_more_than_it_must(services: dict[str, Service]) -> None:
    for name, service in services.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["user"].split(":")[0] not in ("", "0", "root"), name
        assert not service.get("privileged"), name
        assert {"cpus", "memory", "pids"} <= set(service["deploy"]["resources"]["limits"]), name


def test_what_must_run_is_restarted_and_asked_how_it_is(services: dict[str, Service]) -> None:
    for name, service in services.items():
        if name in JOBS:
            assert (service["restart"], service["healthcheck"]["disable"]) == ("no", True), name
        else:
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"][0] == "CMD", name


def test_finsurge_starts_once_kafka_answers_and_its_topics_are_there(services: dict[str, Service]) -> None:
    for name, service in of_finsurge(services).items():
        conditions = {on: how["condition"] for on, how in service["depends_on"].items()}
        assert conditions["kafka"] == "service_healthy"
        assert name == "topics" or conditions["topics"] == "service_completed_successfully"


def test_ports_are_open_on_loopback_only(services: dict[str, Service]) -> None:
    published = {name: service["ports"] for name, service in services.items() if service.get("ports")}
    assert set(published) == {"kafka"} | WATCHING
    assert {port["host_ip"] for ports in published.values() for port in ports} == {"127.0.0.1"}


def test_prometheus_asks_every_process_of_finsurge_at_its_port() -> None:
    config = yaml.safe_load((COMPOSE / "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = (job for job in config["scrape_configs"] if job["job_name"] == "finsurge")
    asked = {found["names"][0]: found["port"] for found in job["dns_sd_configs"]}
    assert asked == {name: Settings().http_port + place for name, place in PLACES.items()}


def test_the_reader_on_a_gpu_answers_to_the_same_name(services: dict[str, Service]) -> None:
    reader = services["read-gpu"]
    assert reader["networks"]["default"]["aliases"] == ["read"]
    assert reader["environment"]["FINSURGE_DEVICE"] == "cuda"
    (device,) = reader["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
