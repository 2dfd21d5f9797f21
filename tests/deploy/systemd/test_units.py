"""The units for machines without containers, tried by systemd's own checker."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml

from pipeline.probe import PLACES
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
UNITS = DEPLOY / "systemd"


@pytest.mark.parametrize("unit", ["finsurge-role@.service", "finsurge@.service"])
def test_systemd_takes_the_unit(unit: str, tool: Callable[[str], str], tmp_path: Path) -> None:
    # the program must be there to be taken for one
    program = tmp_path / "finsurge"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    text = (UNITS / unit).read_text(encoding="utf-8").replace("/opt/finsurge/bin/finsurge", str(program))
    (tmp_path / unit).write_text(text, encoding="utf-8")
    command = [tool("systemd-analyze"), "verify", "--man=no", tmp_path / unit]
    told = subprocess.run(command, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)
    assert (told.returncode, told.stderr) == (0, "")


def started(unit: str, instance: str) -> list[str]:
    text = (UNITS / unit).read_text(encoding="utf-8").replace("%i", instance)
    (line,) = re.findall(r"^ExecStart=/opt/finsurge/bin/finsurge (.+)$", text, re.MULTILINE)
    return line.split()


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_a_role_is_started_by_its_name(role: str, command_of: Callable[[Sequence[str]], str]) -> None:
    words = started("finsurge-role@.service", role)
    assert (command_of(words), words[-1]) == ("worker", role)


@pytest.mark.parametrize("process", sorted(set(PLACES) - {role.value for role in Role}))
def test_what_stands_beside_the_roles_is_started_by_its_name(
    process: str, command_of: Callable[[Sequence[str]], str]
) -> None:
    assert command_of(started("finsurge@.service", process)) == process


@pytest.mark.parametrize("page", ["README.md", "prometheus/README.md"])
def test_where_there_are_no_containers_prometheus_is_told_of_every_process(page: str) -> None:
    text = (DEPLOY / page).read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    read = yaml.safe_load(block)
    (job,) = read["scrape_configs"] if isinstance(read, dict) else read
    (asked,) = job["static_configs"]
    ports = sorted(int(target.rpartition(":")[2]) for target in asked["targets"])
    assert ports == sorted(Settings().http_port + place for place in PLACES.values())
