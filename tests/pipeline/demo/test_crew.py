import os
from pathlib import Path

from pipeline.demo.crew import BESIDE, Crew
from pipeline.ports import free_port, free_ports
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings


def test_roles_get_the_demos_settings_and_no_others() -> None:
    crew = Crew(Settings(http_port=9_000), {"PATH": "p", "FINSURGE_WEBHOOK_URL": "http://pager"}, Path())
    assert crew.environ["PATH"] == "p"
    assert crew.environ["FINSURGE_HTTP_PORT"] == "9000"
    assert "FINSURGE_WEBHOOK_URL" not in crew.environ


def test_a_role_that_ends_is_told_with_its_last_words(tmp_path: Path) -> None:
    nowhere = Settings(broker=f"kafka://127.0.0.1:{free_port()}", state_dir=tmp_path, http_port=free_ports(11))
    with Crew(nowhere, os.environ, tmp_path) as crew:
        crew.processes["read"].wait(60)
        ended = crew.ended()
    assert ended is not None
    assert "ended with code 2: finsurge: no Kafka at 127.0.0.1" in ended
    assert f"see {tmp_path}" in ended


def test_leaving_the_block_ends_all_processes(tmp_path: Path) -> None:
    with Crew(Settings(state_dir=tmp_path), os.environ, tmp_path) as crew:
        pass
    assert all(process.returncode is not None for process in crew.processes.values())
    assert list(crew.processes) == [*(role.value for role in Role), *BESIDE]


def test_free_ports_are_in_a_row() -> None:
    assert 1_024 < free_ports(5) < 32_768 - 5  # from there on the kernel gives them to connections


def test_the_log_of_a_role_bears_its_name(tmp_path: Path) -> None:
    assert Crew(Settings(), {}, tmp_path).log("link") == tmp_path / "link.log"
