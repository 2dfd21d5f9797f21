from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.settings import Settings, SettingsInvalid, described, load_settings, to_environment


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in: ./finsurge.yaml counts."""
    folder = tmp_path / "cwd"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.yaml"


def test_an_option_beats_the_environment_which_beats_the_file_which_beats_the_default(file: Path) -> None:
    assert load_settings({}).bin_s == 300
    file.write_text("bin_s: 60\ngrace_s: 10\ndisorder_s: 5\n")
    environ = {"FINSURGE_CONFIG": str(file), "FINSURGE_GRACE_S": "20", "FINSURGE_DISORDER_S": "6"}
    settings = load_settings(environ, disorder_s=7)
    assert (settings.bin_s, settings.grace_s, settings.disorder_s) == (60, 20, 7)


def test_a_file_that_is_given_beats_the_one_of_the_environment(file: Path, tmp_path: Path) -> None:
    file.write_text("bin_s: 60\n")
    assert load_settings({"FINSURGE_CONFIG": str(tmp_path / "none.yaml")}, file).bin_s == 60


def test_a_file_in_the_folder_one_is_in_is_found(folder: Path) -> None:
    (folder / "finsurge.yaml").write_text("bin_s: 60\n")
    assert load_settings({}).bin_s == 60


def test_an_option_that_is_not_given_and_an_empty_variable_change_nothing() -> None:
    assert load_settings({"FINSURGE_BROKER": ""}, broker=None) == Settings()


def test_numbers_words_and_folders_come_as_what_they_are(file: Path) -> None:
    file.write_text("linger_s: 1\nstate_dir: /tmp/state\nwebhook_url:\npartitions: '8'\n")
    settings = load_settings({}, file)
    assert settings.linger_s == 1.0
    assert isinstance(settings.linger_s, float)
    assert settings.state_dir == Path("/tmp/state")  # noqa: S108
    assert settings.webhook_url is None
    assert settings.partitions == 8


def test_an_empty_file_sets_nothing(file: Path) -> None:
    file.write_text("# nothing yet\n")
    assert load_settings({}, file) == Settings()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("partition: 4", "unknown setting 'partition'; known: broker, topic_prefix"),
        ("partitions: many", "partitions must be a int, got 'many'"),
        ("partitions: 4.5", "partitions must be a int, got 4.5"),
        ("partitions: yes", "partitions must be a int, got True"),
        ("topic_prefix:", "topic_prefix must be a str, got None"),
        ("policy: [a, b]", "policy must be a str, got ['a', 'b']"),
        ("idle_s: .nan", "idle_s must be > 0, got nan"),
        ("- broker", "expected name: value lines, got list"),
        ("broker: [", "not YAML: while parsing a flow node"),
    ],
)
def test_a_mistake_in_the_file_is_one_line_that_names_it(file: Path, text: str, line: str) -> None:
    file.write_text(text)
    with pytest.raises(SettingsInvalid) as caught:
        load_settings({}, file)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_one_line(file: Path) -> None:
    with pytest.raises(SettingsInvalid, match="No such file or directory"):
        load_settings({}, file)
    file.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(SettingsInvalid, match="not YAML: 'utf-8' codec"):
        load_settings({}, file)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("partitions", 0, "partitions must be > 0, got 0"),
        ("session_timeout_s", 0.0, "session_timeout_s must be > 0, got 0.0"),
        ("session_timeout_s", float("inf"), "session_timeout_s must be > 0, got inf"),
        ("max_padded_tokens", -1, "max_padded_tokens must be > 0, got -1"),
        ("max_batch_documents", 0, "max_batch_documents must be > 0, got 0"),
        ("idle_s", 0.0, "idle_s must be > 0, got 0.0"),
        ("bin_s", 0, "bin_s must be > 0, got 0"),
        ("bin_s", 700, "bin_s must divide an hour, got 700"),
        ("linger_s", -0.1, "linger_s must be >= 0, got -0.1"),
        ("linger_s", float("nan"), "linger_s must be >= 0, got nan"),
        ("disorder_s", -1, "disorder_s must be >= 0, got -1"),
        ("grace_s", -1, "grace_s must be >= 0, got -1"),
        ("device", "gpu", "device must be auto, cpu or cuda, got 'gpu'"),
        ("broker", "http://a:1", "broker must look like kafka://host:port[,host:port], got 'http://a:1'"),
        ("broker", "kafka://", "broker must look like kafka://host:port[,host:port], got 'kafka://'"),
        ("broker", "kafka://a", "broker must look like kafka://host:port[,host:port], got 'kafka://a'"),
        ("canary_share", 0.0, "canary_share must be in (0, 1], got 0.0"),
        ("review_uniform", 0.001, "review_uniform must be in [0.01, 0.9], got 0.001"),
        ("review_per_day", 0.0, "review_per_day must be > 0 (inf: all that are drawn), got 0.0"),
        ("correction_horizon_s", 0.0, "correction_horizon_s must be > 0, got 0.0"),
        ("correction_wait_s", -1.0, "correction_wait_s must be >= 0, got -1.0"),
        ("http_port", 0, "http_port must be between 1 and 65524, got 0"),
        ("http_port", 65_525, "http_port must be between 1 and 65524, got 65525"),
    ],
)
def test_a_value_out_of_range_is_named_with_its_range(name: str, value: Any, line: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        Settings(**{name: value})
    assert str(caught.value) == line


some_settings = st.builds(
    Settings,
    broker=st.sampled_from(["kafka://a:9092", "kafka://a:1,b:2", "kafka://[::1]:9092"]),
    topic_prefix=st.sampled_from(["", "dev-"]),
    partitions=st.integers(1, 1000),
    session_timeout_s=st.floats(0.001, 1e6),
    state_dir=st.sampled_from([Path(".finsurge"), Path("/var/lib/fin surge")]),
    linger_s=st.floats(0, 60),
    idle_s=st.floats(1e-9, 1e9),
    bin_s=st.sampled_from([1, 60, 300, 3600]),
    disorder_s=st.integers(0, 10_000),
    webhook_url=st.sampled_from([None, "http://a/b?c=d"]),
)


@given(some_settings)
def test_a_process_started_with_the_environment_has_the_same_settings(settings: Settings) -> None:
    assert load_settings(to_environment(settings)) == settings


def test_a_prefix_sets_deployments_on_one_kafka_apart() -> None:
    settings = Settings(topic_prefix="dev-")
    assert settings.kafka_topic("alerts") == "dev-alerts"
    assert settings.group("link") == "dev-finsurge-link"


def test_every_setting_says_what_it_is_for() -> None:
    assert described()
    assert all(help_text for _, _, help_text in described())
