from collections import Counter

from models.labelled.example import Example, examples_of, part_of


def test_parts_are_about_80_10_10_and_fixed():
    counts = Counter(part_of(f"headline number {number}") for number in range(5000))
    # three standard errors of a share of 0.1 over 5,000 are 0.013
    assert abs(counts["dev"] / 5000 - 0.1) < 0.013
    assert abs(counts["test"] / 5000 - 0.1) < 0.013
    # the split is part of every figure ever published; a change of hash would leak test texts
    assert [part_of(text) for text in ("a", "e", "i", "n")] == ["train", "test", "dev", "test"]


def test_reposts_that_differ_in_case_space_or_link_stay_in_one_part():
    variants = ["FTX halts https://t.co/x", "ftx  HALTS", " ftx halts https://t.co/yyy "]
    assert len({part_of(text) for text in variants}) == 1


def test_the_parts_share_nothing_and_lose_nothing():
    examples = [Example(f"text {number}") for number in range(100)]
    parts = [examples_of(examples, part) for part in ("train", "dev", "test")]
    assert sorted(example.text for part in parts for example in part) == sorted(e.text for e in examples)


def test_a_lone_surrogate_has_a_part_too():
    assert part_of("\ud800") in ("train", "dev", "test")
