from datetime import UTC, datetime
from pathlib import Path

from pipeline.demo.broker import open_broker
from pipeline.settings import Settings


def test_a_kafka_of_the_demo_s_own_asks_nobody_who_he_is(tmp_path: Path) -> None:
    login = {"kafka_user": "ada", "kafka_password": "secret"}
    theirs = Settings(broker="kafka+ssl://kafka.example.com:9093", kafka_ca=tmp_path / "ca.pem", **login)
    with open_broker("embedded", theirs, datetime.now(UTC), lambda _: None, cache=tmp_path) as settings:
        assert (settings.connection.tls, settings.connection.login) == (None, None)
