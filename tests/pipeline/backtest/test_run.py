"""Several rule sets over the golden case: each gives what a replay by itself would give."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from alerts.rules.parse import RulesInvalid
from models.topics.watchlist import Watchlist
from pipeline.backtest.decisions import DecisionLog
from pipeline.backtest.episode import Episode
from pipeline.backtest.run import Outcome, rule_sets, run
from pipeline.metrics import Metrics
from pipeline.records import AlertRecord
from pipeline.replay.flow import Replay
from pipeline.settings import Settings

CASE = Path(__file__).resolve().parents[2] / "golden" / "exchange_failure"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ids(episodes: tuple[Episode, ...]) -> list[str]:
    return [told.alert.id for episode in episodes for told in episode.told]


def test_built_in_rules_give_the_alerts_of_the_golden_case(outcome: Outcome) -> None:
    expected = [msgspec.json.decode(line) for line in (CASE / "alerts.jsonl").read_bytes().splitlines()]
    (episode,) = outcome.trials[0].episodes
    assert [told.alert.id for told in episode.told] == [alert["id"] for alert in expected]
    assert [told.alert.summary for told in episode.told] == [alert["summary"] for alert in expected]
    assert (episode.opened_at, episode.closed_at) == (at("2022-11-07T15:10"), at("2022-11-08T04:10"))
    assert episode.severity == "critical"


def test_each_rule_set_gives_what_a_replay_by_it_gives(
    outcome: Outcome, settings: Settings, watchlist: Watchlist, log: DecisionLog
) -> None:
    for trial in outcome.trials:
        own = replace(settings, partitions=1, rules=trial.rules.file)
        replay = Replay(own, watchlist, Metrics(CollectorRegistry()))
        results = [result for decision, _ in log.decisions() for result in replay.feed(decision, 0)]
        results += replay.close()
        replayed = [result for result in results if isinstance(result, AlertRecord)]
        told = [told.alert for episode in trial.episodes for told in episode.told]
        assert sorted(told, key=lambda alert: alert.id) == sorted(replayed, key=lambda alert: alert.id)


def test_rule_sets_differ_only_where_they_say_so(outcome: Outcome) -> None:
    strict = {episode.id: episode for episode in outcome.trials[1].episodes}
    # the eighth negative story is of 16:41; of the first three, the third of 14:23, two are bad and one is ordinary
    assert strict["ftx/1"].opened_at == at("2022-11-07T16:45")
    assert strict["ftx!sour/1"].opened_at == at("2022-11-07T14:25")
    assert set(strict) == {"ftx/1", "ftx!sour/1"}


def test_what_the_stream_was_is_told(outcome: Outcome) -> None:
    stream = outcome.stream
    # the late document is a mention of its topic and of what that rolls up to
    assert (stream.n_documents, stream.n_late, stream.policy_versions) == (132, 2, {"keyword"})
    assert stream.first_at is not None
    assert stream.first_at.date().isoformat() == "2022-11-04"
    # four topics, the three that they roll up to, and the themes that their bad stories are about
    topics = "bankruptcies binance coins exchanges ftx hacks layoffs solana stablecoins tether"
    assert outcome.series.topics == tuple(topics.split())


def test_quiet_hours_move_the_time_of_telling_and_not_the_episode(
    settings: Settings, watchlist: Watchlist, log: DecisionLog, tmp_path: Path
) -> None:
    file = tmp_path / "quiet.yaml"
    file.write_text("default: {quiet: [{begin: 15:00, end: 16:00, timezone: UTC}]}")
    (trial,) = run(settings, watchlist, rule_sets([str(file)]), log).trials
    (episode,) = trial.episodes
    assert [(told.alert.transition, told.at) for told in episode.told] == [
        ("opened", at("2022-11-07T16:00")),
        ("escalated", at("2022-11-07T16:45")),
        ("closed", at("2022-11-08T04:10")),
    ]
    assert episode.opened_at == at("2022-11-07T15:10")


def test_something_critical_tells_what_quiet_hours_hold(
    settings: Settings, watchlist: Watchlist, log: DecisionLog, tmp_path: Path
) -> None:
    file = tmp_path / "quiet.yaml"
    file.write_text("default: {quiet: [{begin: 15:00, end: 18:00, timezone: UTC}]}")
    (trial,) = run(settings, watchlist, rule_sets([str(file)]), log).trials
    (episode,) = trial.episodes
    assert [told.at for told in episode.told[:2]] == [at("2022-11-07T16:45")] * 2
    assert ids(trial.episodes) == ["ftx/1/1", "ftx/1/2", "ftx/1/3"]


def test_progress_ends_at_the_length_of_the_log(settings: Settings, watchlist: Watchlist, log: DecisionLog) -> None:
    seen: list[int] = []
    run(settings, watchlist, rule_sets([]), log, seen.append)
    assert seen == sorted(seen)
    assert (len(seen), seen[-1]) == (132, log.n_bytes)


def test_rule_sets_have_names_of_their_own(strict: Path, tmp_path: Path) -> None:
    other = tmp_path / "strict.yaml"
    other.write_text("default: {false_alarms: 0.5}")
    sets = rule_sets(["default", str(strict), str(other)])
    assert [each.name for each in sets] == ["default", "strict", "strict-2"]
    assert len({each.book.version for each in sets}) == 3
    assert [each.name for each in rule_sets([])] == ["default"]


def test_a_rule_set_with_a_mistake_is_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(RulesInvalid, match=r"missing\.yaml: cannot be read"):
        rule_sets([str(tmp_path / "missing.yaml")])
