"""Plots: one per episode, of a size that can be looked at, whatever the texts hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from pipeline.backtest.episode import Episode, Told
from pipeline.backtest.files import plot_names, save_plots
from pipeline.backtest.plot import plot_name, save_plot
from pipeline.backtest.run import Outcome

pytest.importorskip("matplotlib")
PNG = b"\x89PNG"


def renamed(episode: Episode, **fields: object) -> Episode:
    told = tuple(Told(msgspec.structs.replace(each.alert, **fields), each.at) for each in episode.told)
    return replace(episode, told=told)


def test_each_episode_of_each_rule_set_has_its_plot_and_old_ones_go(outcome: Outcome, tmp_path: Path) -> None:
    old = tmp_path / "plots" / "gone" / "old.png"
    old.parent.mkdir(parents=True)
    old.write_bytes(PNG)
    n_drawn = 0

    def drawn() -> None:
        nonlocal n_drawn
        n_drawn += 1

    save_plots(outcome, tmp_path, drawn)
    assert sorted(plot_names(outcome).values()) == [
        "plots/default/ftx-2022-11-07-1510.png",
        "plots/strict/ftx-2022-11-07-1645.png",
        "plots/strict/ftx-sour-2022-11-07-1425.png",
    ]
    for name in plot_names(outcome).values():
        content = (tmp_path / name).read_bytes()
        assert content.startswith(PNG)
        width, height = (int.from_bytes(content[start : start + 4], "big") for start in (16, 20))
        assert 900 <= width <= 1400
        assert 500 <= height <= 900
    assert (n_drawn, old.exists()) == (3, False)


def test_texts_that_look_like_formulas_and_topics_that_look_like_paths(outcome: Outcome, tmp_path: Path) -> None:
    episode = outcome.trials[0].episodes[0]
    stories = tuple(
        msgspec.structs.replace(story, excerpt="$FTT at $2 \\frac{ 100 % " + "long " * 80)
        for story in episode.opened.stories
    )
    odd = renamed(episode, topic="~a/../b c", topic_name="$A_{b}$ and $", stories=stories)
    assert plot_name(odd) == "_a_.._b_c-2022-11-07-1510.png"
    save_plot(odd, outcome.series, tmp_path / plot_name(odd))
    assert (tmp_path / plot_name(odd)).read_bytes().startswith(PNG)
