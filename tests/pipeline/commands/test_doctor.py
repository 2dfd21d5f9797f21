import json
from pathlib import Path

from click.testing import CliRunner

from pipeline.commands.doctor import command
from pipeline.settings import Settings

NOBODY = "kafka://127.0.0.1:1"


def test_the_doctor_tells_each_check_in_a_line_and_fails_if_one_does(finsurge, tmp_path: Path) -> None:
    ended = finsurge(
        "doctor", BROKER=NOBODY, POLICY=str(tmp_path), WEBHOOK_URL="http://me:hunter2@127.0.0.1:1/s3cret"
    )
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "hunter2" not in ended.stdout
    assert "s3cret" not in ended.stdout
    levels = {line[6:18].strip(): line[:4].strip() for line in ended.stdout.splitlines()}
    assert [name for name, level in levels.items() if level == "fail"] == ["policy", "broker", "webhook"]
    assert levels["python"] == levels["faust"] == levels["watchlist"] == levels["device"] == "ok"


def test_the_doctor_tells_the_same_as_json(tmp_path: Path) -> None:
    settings = Settings(broker=NOBODY, policy=str(tmp_path), state_dir=tmp_path)
    ended = CliRunner().invoke(command, ["--json"], obj=settings)
    told = json.loads(ended.stdout)
    assert (ended.exit_code, told["ok"]) == (1, False)
    (broker,) = [check for check in told["checks"] if check["name"] == "broker"]
    assert broker["level"] == "fail"
    assert broker["said"].startswith("no Kafka at 127.0.0.1:1: ")
