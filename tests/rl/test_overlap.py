import pytest

from rl.overlap import bleu, rouge_l


def words(text: str) -> list[str]:
    return text.split()


def test_bleu_of_what_is_equal_is_one_however_short() -> None:
    assert bleu(["a"], ["a"]) == 1.0
    assert bleu(words("a b c d e"), words("a b c d e")) == 1.0


def test_bleu_counts_runs_of_words_with_one_added_to_those_of_two_and_more() -> None:
    # one word: 3 of 4; two: (1 + 1) / (3 + 1), the cat; three: (0 + 1) / (2 + 1); four: (0 + 1) / (1 + 1)
    expected = (3 / 4 * 2 / 4 * 1 / 3 * 1 / 2) ** 0.25
    assert bleu(words("the cat sat down"), words("the cat on sat")) == pytest.approx(expected)


def test_bleu_clips_a_word_that_is_repeated() -> None:
    # one word: "the" counts twice at most, 2 of 3; two: (1 + 1) / (2 + 1); three: (0 + 1) / (1 + 1)
    assert bleu(["the"] * 3, words("the the cat")) == pytest.approx((2 / 3 * 2 / 3 * 1 / 2) ** (1 / 3))


def test_bleu_lowers_what_is_too_short() -> None:
    # one word: 2 of 2; two: (1 + 1) / (1 + 1); three and four: (0 + 1) / (0 + 1); brevity exp(1 - 4 / 2)
    assert bleu(words("a b"), words("a b c d")) == pytest.approx(0.36787944)


def test_bleu_is_zero_where_no_word_is_shared_and_where_one_side_is_empty() -> None:
    assert (bleu(["a"], ["b"]), bleu([], ["b"]), bleu(["a"], []), bleu([], [])) == (0.0, 0.0, 0.0, 1.0)


def test_rouge_l_is_the_f1_of_the_longest_common_subsequence() -> None:
    # police, killed, gunman: 3 common, 4 decided, 5 right
    assert rouge_l(words("police killed the gunman"), words("police have killed a gunman")) == pytest.approx(6 / 9)


def test_rouge_l_keeps_the_order_of_words() -> None:
    assert rouge_l(words("a b c"), words("c b a")) == pytest.approx(1 / 3)  # one common of three and three


def test_rouge_l_of_nothing_is_one_only_if_nothing_is_right() -> None:
    assert (rouge_l([], []), rouge_l([], ["a"]), rouge_l(["a"], [])) == (1.0, 0.0, 0.0)
