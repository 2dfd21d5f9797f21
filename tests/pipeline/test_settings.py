from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.broker.connection import Login
from pipeline.settings import (
    Group,
    Settings,
    SettingsInvalid,
    all_settings,
    child_environment,
    described,
    load_settings,
    load_with_sources,
    to_environment,
)
from pipeline.settings.settings import ALGORITHMS

BROKER = "broker must look like kafka://host:port[,host:port], or kafka+ssl://…"


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
        ("partition: 4", "unknown setting 'partition'; did you mean partitions?"),
        ("desk: risk", "unknown setting 'desk'; `finsurge settings` lists all"),
        ("partitions: many", "partitions must be a whole number, got 'many'"),
        ("partitions: 4.5", "partitions must be a whole number, got 4.5"),
        ("partitions: true", "partitions must be a whole number, got True"),
        ("partitions: yes", "partitions must be a whole number, got 'yes'"),
        ("topic_prefix:", "topic_prefix must be text, got nothing"),
        ("policy: [a, b]", "policy must be text, got ['a', 'b']"),
        ("idle_s: 'nan'", "idle_s must be > 0, got nan"),
        ("bin_s: 60\nbin_s: 300", "line 2: key 'bin_s' comes twice; leave one of them out"),
        ("- broker", "expected name: value lines, got list"),
        ("broker: [", "is not YAML: line 1: expected the node content"),
        ("bin_s: 700", "settings.yaml: bin_s must divide an hour, got 700"),
    ],
)
def test_a_mistake_in_the_file_is_one_line_that_names_it(file: Path, text: str, line: str) -> None:
    file.write_text(text)
    with pytest.raises(SettingsInvalid) as caught:
        load_settings({}, file)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_one_line(file: Path) -> None:
    with pytest.raises(SettingsInvalid, match="no such file or directory"):
        load_settings({}, file)
    file.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(SettingsInvalid, match="is not UTF-8 text at byte 0"):
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
        ("broker", "http://a:1", f"{BROKER}, got 'http://a:1'"),
        ("broker", "kafka://", f"{BROKER}, got 'kafka://'"),
        ("broker", "kafka://a", f"{BROKER}, got 'kafka://a'"),
        ("broker", "kafka+tls://a:1", f"{BROKER}, got 'kafka+tls://a:1'"),
        ("kafka_mechanism", "GSSAPI", "kafka_mechanism must be SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN, got 'GSSAPI'"),
        (
            "kafka_ca",
            Path("ca.pem"),
            "kafka_ca is for TLS, and broker is kafka://127.0.0.1:9092: it must begin with kafka+ssl://",
        ),
        ("kafka_key", Path("key.pem"), "kafka_certificate and kafka_key must be given together"),
        ("kafka_user", "ada", "kafka_user and kafka_password must be given together"),
        ("canary_share", 0.0, "canary_share must be in (0, 1], got 0.0"),
        ("review_uniform", 0.001, "review_uniform must be in [0.01, 0.9], got 0.001"),
        ("review_per_day", 0.0, "review_per_day must be > 0 (inf: all that are drawn), got 0.0"),
        ("correction_horizon_s", 0.0, "correction_horizon_s must be > 0, got 0.0"),
        ("correction_wait_s", -1.0, "correction_wait_s must be >= 0, got -1.0"),
        ("http_port", 0, "http_port must be in [1, 65524], got 0"),
        ("http_port", 65_525, "http_port must be in [1, 65524], got 65525"),
    ],
)
def test_a_value_out_of_range_is_named_with_its_range(name: str, value: Any, line: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        Settings(**{name: value})
    assert str(caught.value) == line


def test_nobody_logs_in_over_a_network_without_tls() -> None:
    login = {"kafka_user": "ada", "kafka_password": "secret"}
    with pytest.raises(
        SettingsInvalid, match=r"kafka_user would log in without TLS at kafka://127.0.0.1:1,a:1"
    ) as caught:
        Settings(broker="kafka://127.0.0.1:1,a:1", **login)
    assert "secret" not in str(caught.value)
    assert Settings(broker="kafka+ssl://a:1", **login).connection.login == Login("ada", "secret")
    for host in ("localhost", "127.0.0.1", "[::1]"):
        assert Settings(broker=f"kafka://{host}:1", **login).connection.tls is None


def test_a_password_is_not_shown() -> None:
    login = {"kafka_user": "ada", "kafka_password": "secret"}
    settings = Settings(broker="kafka+ssl://a:1", **login)
    assert "secret" not in repr(settings)
    assert "secret" not in repr(settings.connection)


some_settings = st.builds(
    Settings,
    broker=st.sampled_from(["kafka://a:9092", "kafka://a:1,b:2", "kafka+ssl://[::1]:9092"]),
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


def test_a_secret_may_lie_in_a_file_of_its_own(file: Path, tmp_path: Path) -> None:
    (tmp_path / "salt").write_text("pepper\n")
    loaded = load_with_sources({"FINSURGE_REVIEW_SALT_FILE": str(tmp_path / "salt")})
    assert loaded.settings.review_salt == "pepper"
    assert str(loaded.sources["review_salt"]) == "environment: FINSURGE_REVIEW_SALT_FILE"
    file.write_text(f"review_salt_file: {tmp_path / 'salt'}\n")
    assert load_settings({}, file).review_salt == "pepper"
    assert load_settings({"FINSURGE_REVIEW_SALT": "salt"}, file).review_salt == "salt"


def test_a_secret_in_a_file_reaches_the_processes_that_are_started(tmp_path: Path) -> None:
    (tmp_path / "salt").write_text("pepper")
    environ = {"FINSURGE_REVIEW_SALT_FILE": str(tmp_path / "salt"), "PATH": "p"}
    environ = child_environment(load_settings(environ), environ)
    assert environ["PATH"] == "p"
    (tmp_path / "salt").unlink()
    assert load_settings(environ).review_salt == "pepper"


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({"REVIEW_SALT_FILE": "none"}, "FINSURGE_REVIEW_SALT_FILE: none: no such file or directory"),
        ({"REVIEW_SALT_FILE": "empty"}, "FINSURGE_REVIEW_SALT_FILE: empty: is empty; put the secret in"),
        ({"REVIEW_SALT_FILE": "bytes"}, "FINSURGE_REVIEW_SALT_FILE: bytes: is not UTF-8 text"),
        (
            {"REVIEW_SALT_FILE": "empty", "REVIEW_SALT": "pepper"},
            "FINSURGE_REVIEW_SALT and FINSURGE_REVIEW_SALT_FILE are both set; leave one out",
        ),
        ({"BROKER_FILE": "f"}, "FINSURGE_BROKER_FILE: no such setting; did you mean FINSURGE_BROKER?"),
        ({"PARTITION": "4"}, "FINSURGE_PARTITION: no such setting; did you mean FINSURGE_PARTITIONS?"),
        ({"GRACE": "4"}, "FINSURGE_GRACE: no such setting; did you mean FINSURGE_GRACE_S?"),
        ({"BIN_S": "700"}, "FINSURGE_BIN_S: bin_s must divide an hour, got 700"),
        ({"LEARNER_ALGORITHM": "a2c"}, "must be supervised, q_learning, dqn, ppo or rloo, got 'a2c'"),
        ({"CONSOLE_URL": "ftp://u:CANARY@a"}, "console_url must be an http:// or https:// address, got 'ftp://…@a'"),
    ],
)
def test_a_mistake_in_the_environment_is_one_line(environ: dict[str, str], line: str, folder: Path) -> None:
    (folder / "empty").write_text("\n")
    (folder / "bytes").write_bytes(b"\xff")
    with pytest.raises(SettingsInvalid) as caught:
        load_settings({f"FINSURGE_{name}": value for name, value in environ.items()})
    assert line in str(caught.value)
    assert "CANARY" not in str(caught.value)


def test_variables_that_are_no_settings_are_known() -> None:
    environ = {"FINSURGE_CONFIG": "", "FINSURGE_DATA": "data", "FINSURGE_TEST_KILL": "x", "HOME": "h"}
    assert load_with_sources(environ).unused == ()


def test_what_kubernetes_says_of_services_is_not_taken_for_settings() -> None:
    # one Service `finsurge-broker-0`, as in a pod's environment
    link = "FINSURGE_BROKER_0_PORT"
    environ = {
        "FINSURGE_BROKER_0_SERVICE_HOST": "10.0.0.1",
        "FINSURGE_BROKER_0_SERVICE_PORT": "9092",
        "FINSURGE_BROKER_0_SERVICE_PORT_TLS": "9092",
        link: "tcp://10.0.0.1:9092",
        f"{link}_9092_TCP": "tcp://10.0.0.1:9092",
        f"{link}_9092_TCP_PROTO": "tcp",
        f"{link}_9092_TCP_PORT": "9092",
        f"{link}_9092_TCP_ADDR": "10.0.0.1",
    }
    assert load_with_sources(environ) == load_with_sources({})
    with pytest.raises(SettingsInvalid, match="enableServiceLinks: false"):
        load_settings({"FINSURGE_HTTP_PORT": "tcp://10.0.0.1:8600"})


def test_the_algorithms_that_may_be_named_are_those_that_there_are() -> None:
    from rl.algorithms.catalogue import ALGORITHMS as CATALOGUE

    assert sorted(ALGORITHMS) == sorted(CATALOGUE)


def test_groups_stand_together() -> None:
    groups = [each.group for each in all_settings()]
    assert [group for group, _ in groupby(groups)] == list(Group)
