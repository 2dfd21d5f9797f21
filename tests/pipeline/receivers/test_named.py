from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.receivers.named import ReceiversInvalid, ReceiverSpec, load_receivers
from pipeline.settings import Settings

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105
Write = Callable[[str], Settings]


@pytest.fixture
def file(tmp_path: Path) -> Write:
    """Writes the file, and returns settings that name it."""

    def write(text: str) -> Settings:
        path = tmp_path / "receivers.yaml"
        path.write_text(text, encoding="utf-8")
        return Settings(receivers=path)

    return write


def test_a_file_names_receivers_of_each_kind_with_urls_of_its_own_or_of_the_environment(file: Write) -> None:
    settings = file(
        f"""
        receivers:
          - {{name: archive, kind: webhook, url: "https://a.example.com/x", secret: {SECRET}}}
          - {{name: am-2, kind: alertmanager, url: "http://am-2:9093"}}
          - {{name: risk-desk, kind: apprise, url_env: DESK}}
        """
    )
    where = str(settings.receivers)
    assert load_receivers(settings, {"DESK": "json://desk.example.com"}) == (
        ReceiverSpec("archive", "webhook", "https://a.example.com/x", SECRET, where),
        ReceiverSpec("am-2", "alertmanager", "http://am-2:9093", None, where),
        ReceiverSpec("risk-desk", "apprise", "json://desk.example.com", None, where),
    )


def test_the_settings_alone_are_receivers_called_webhook_and_alertmanager() -> None:
    settings = Settings(webhook_url="http://a/", webhook_secret=SECRET, alertmanager_url="http://b/")
    assert load_receivers(settings, {}) == (
        ReceiverSpec("webhook", "webhook", "http://a/", SECRET, "FINSURGE_WEBHOOK_URL"),
        ReceiverSpec("alertmanager", "alertmanager", "http://b/", None, "FINSURGE_ALERTMANAGER_URL"),
    )
    assert load_receivers(Settings(), {}) == ()


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{name: desk, kind: slack, url: 'x://s3cret'}", "receiver desk: Invalid enum value 'slack' - at `$.kind`"),
        ("{name: desk, kind: apprise}", "receiver desk: url: it has none; give url, or url_env"),
        (
            "{name: desk, kind: apprise, url_env: DESK}",
            "receiver desk: url_env: the variable DESK is not set; set it",
        ),
        (
            "{name: desk, kind: apprise, url: 'no://s3cret'}",
            "receiver desk: url: is no URL of a service that Apprise",
        ),
        ("{name: desk, kind: apprise, url: 'json://s3cret', url_env: X}", "receiver desk: url: it has both"),
        ("{name: desk, kind: webhook, url: 's3cret.example.com'}", "receiver desk: url: is no http:// or https://"),
        ("{name: desk, kind: webhook, url: 'http://a', secret: s3cret}", "receiver desk: secret: must be whsec_"),
        ("{name: desk, kind: alertmanager, url: 'http://a', secret: s3cret}", "receiver desk: secret: kind alertma"),
        ("{name: log, kind: webhook, url: 'http://a'}", "receiver log: name: must be letters, digits and . _ - and"),
        ("{name: 'a b', kind: webhook, url: 'http://a'}", "receiver number 1: name: must be letters"),
        ("{name: desk, kind: webhook, url: 'http://a', pasword: s3cret}", "receiver desk: Object contains unknown"),
        ("{kind: webhook, url: 'http://s3cret'}", "receiver number 1: Object missing required field `name`"),
        ("s3cret", "receiver number 1: Expected `object`, got `str`"),
    ],
)
def test_a_mistake_is_one_line_that_names_receiver_key_and_mend_and_shows_no_secret(
    file: Write, entry: str, said: str
) -> None:
    with pytest.raises(ReceiversInvalid) as invalid:
        load_receivers(file(f"receivers: [{entry}]"), {})
    message = str(invalid.value)
    assert said in message
    assert "\n" not in message
    assert "s3cret" not in message
    assert message.split(": ")[0].endswith("receivers.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("receivers: [{url: 'https://s3cret", "not YAML in line 1"),
        ("receivers:\n  - name: a\n   url: s3cret: x", "not YAML in line 3"),
        ("s3cret", "it needs `receivers:`"),
        ("receivers: []\nreceiver: s3cret", "it needs `receivers:`"),
        ("", "it needs `receivers:`"),
    ],
)
def test_a_file_that_is_none_is_told_without_quoting_it(file: Write, text: str, said: str) -> None:
    with pytest.raises(ReceiversInvalid) as invalid:
        load_receivers(file(text), {})
    assert said in str(invalid.value)
    assert "s3cret" not in str(invalid.value)


def test_a_name_may_be_there_once_that_of_the_settings_included(file: Write) -> None:
    settings = file("receivers: [{name: webhook, kind: webhook, url: 'http://a'}]")
    both = Settings(receivers=settings.receivers, webhook_url="http://b")
    with pytest.raises(ReceiversInvalid, match="receiver webhook: name: it is there twice"):
        load_receivers(both, {})


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReceiversInvalid, match=r"none\.yaml: no such file or directory \(FINSURGE_RECEIVERS\)"):
        load_receivers(Settings(receivers=tmp_path / "none.yaml"), {})
