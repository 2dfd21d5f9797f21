from datetime import UTC, datetime

from pipeline.receivers.message import message_of
from pipeline.receivers.notice import ActionTold, told_of
from pipeline.receivers.sample import sample_alert
from pipeline.records import AffectedTopic, AlertStory


def story(number: int, **changes: object) -> AlertStory:
    told = {
        "excerpt": f"Sample Ltd story {number}",
        "url": f"https://example.com/{number}",
        "source": "example.com",
        "copies": 1,
        "published_at": datetime(2026, 1, 2, tzinfo=UTC),
    }
    return AlertStory(**(told | changes))  # type: ignore[arg-type]


def test_the_sentence_comes_first_then_the_stories_then_what_it_rests_on() -> None:
    message = message_of(sample_alert())
    assert message.title == "Sample Ltd: opened, warning"
    assert message.body.splitlines() == [
        "Sample Ltd: 14 negative stories in 4 h where 1.2 (0 to 4) were expected",
        "",
        "- Sample Ltd halts withdrawals (example.com, 6 copies)",
        "  https://example.com/1",
        "",
        "Severity: warning. Sources: 9. Since 2026-01-02 15:00 UTC.",
        "Read by p-00000000. Alert sample/1/1",
    ]


def test_only_the_first_five_stories_are_told_and_each_in_one_short_line() -> None:
    stories = (story(0, excerpt="a\nb " + "x" * 1000), *(story(number) for number in range(1, 9)))
    lines = message_of(sample_alert(stories=stories)).body.splitlines()
    told = [line for line in lines if line.startswith("- ")]
    assert len(told) == 5
    assert told[0].startswith("- a b xxx")
    assert len(told[0]) == len("- ") + 160 + len(" (example.com)")


def test_a_story_alone_has_no_copies_and_only_web_addresses_become_links() -> None:
    lines = message_of(sample_alert(stories=(story(1, url="javascript:alert(1)"),))).body.splitlines()
    assert lines[2:4] == ["- Sample Ltd story 1 (example.com)", ""]


def test_topics_that_it_reaches_and_the_link_to_the_console_are_told() -> None:
    affected = tuple(AffectedTopic(f"t{n}", f"Topic {n}", 3, 0.1) for n in range(6))
    alert = sample_alert(
        affected=affected, n_affected=40, related=("Panasonic",), link="https://console.example.com/1"
    )
    lines = message_of(alert).body.splitlines()
    assert "Affected: Topic 0, Topic 1, Topic 2, Topic 3, Topic 4 and 35 more" in lines
    assert "Related: Panasonic" in lines
    assert lines[-1] == "https://console.example.com/1"


def test_what_people_wrote_pings_nobody_when_it_is_quoted() -> None:
    hostile = story(1, excerpt="<!channel> @everyone", source="<@U123>")
    message = message_of(sample_alert(stories=(hostile,), summary="<!here> @all", topic_name="@here"))
    assert "<" not in message.title + message.body
    assert "@" not in message.title + message.body


def test_an_alert_without_stories_and_the_end_of_an_episode_are_as_short() -> None:
    message = message_of(sample_alert(stories=(), transition="closed", policy_versions=()))
    assert message.title == "Sample Ltd: closed"
    assert len(message.body.splitlines()) == 4
    assert "Read by an unknown policy" in message.body


def test_what_a_person_did_comes_before_the_sentence_with_who_when_and_why() -> None:
    at = datetime(2026, 1, 2, 15, 10, tzinfo=UTC)
    seen = ActionTold(id="a", type="acknowledged", by="ada", at=at, reason="I call\nthem <@U1>")
    message = message_of(told_of(sample_alert(), seen))
    assert message.title == "Sample Ltd: acknowledged by ada, warning"
    assert message.body.splitlines()[:2] == [
        "Acknowledged by ada at 2026-01-02 15:10 UTC: I call them ‹＠U1›",
        "Sample Ltd: 14 negative stories in 4 h where 1.2 (0 to 4) were expected",
    ]
    done = ActionTold(id="a", type="resolved", by="ada", at=at)
    resolved = message_of(told_of(sample_alert(), done))
    assert resolved.title == "Sample Ltd: resolved by ada"
    assert resolved.body.splitlines()[0] == "Resolved by ada at 2026-01-02 15:10 UTC"
