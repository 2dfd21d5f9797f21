import random

import pytest

from models.topics.linking import Linker
from models.topics.watchlist import bundled_watchlist, load_watchlist
from pipeline.demo.texts import Template, Texts
from pipeline.demo.writer import Writer


@pytest.fixture(scope="module")
def linker() -> Linker:
    return Linker(load_watchlist(bundled_watchlist("default")))


def topics_of(linker: Linker, texts: Texts, template: Template, names: dict[str, str]) -> set[str]:
    """The topics of a template under several fillings."""
    writer = Writer(texts, random.Random(3))
    found = set()
    for _ in range(8):
        item = writer.copy(writer.write(template, names))
        text = item.body if item.headline is None else f"{item.headline}\n{item.body}"
        found |= {link.topic_id for link in linker.link(text, (), (0.0, 1.0, 0.0))}
    return found


def test_every_ordinary_text_is_about_its_subject_alone(texts: Texts, linker: Linker) -> None:
    for subject in texts.subjects:
        for deck in (*subject.news.values(), *subject.posts.values()):
            for template in deck:
                assert topics_of(linker, texts, template, dict(subject.names)) == {subject.topic}, template


@pytest.mark.parametrize("part", ["crisis", "launch", "storm"])
def test_every_text_of_a_part_is_about_the_subject_that_plays_it(texts: Texts, linker: Linker, part: str) -> None:
    for subject in texts.playing(part):  # type: ignore[arg-type]
        for template in getattr(texts, part):
            assert topics_of(linker, texts, template, dict(subject.names)) == {subject.topic}, template


@pytest.mark.parametrize("deck", ["red_flags", "unseen_red_flags"])
def test_every_red_flag_is_about_its_company_alone(texts: Texts, linker: Linker, deck: str) -> None:
    for template in getattr(texts, deck):
        for company in texts.companies[:4]:
            assert topics_of(linker, texts, template, dict(company.names)) == {company.topic}, template


def test_no_wording_of_the_exam_is_one_that_is_corrected(texts: Texts) -> None:
    seen = {template.headline for template in texts.red_flags}
    assert seen.isdisjoint(template.headline for template in texts.unseen_red_flags)


def test_noise_is_about_no_topic(texts: Texts, linker: Linker) -> None:
    for template in texts.noise:
        assert topics_of(linker, texts, template, {}) == set(), template
