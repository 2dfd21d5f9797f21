import pytest

from models.evaluation.tag_report import Averages, TagFigures, decide_tags, tag_report
from models.labelled.sentence import Sentence

# ten words: 6 O, 2 B-PER, 1 I-PER, 1 B-ORG
LABELLED = [
    Sentence(("Ann", "Lee", "joins", "Acme", "."), ("B-PER", "I-PER", "O", "B-ORG", "O")),
    Sentence(("Bob", "and", "so", "on", "."), ("B-PER", "O", "O", "O", "O")),
]
# I-PER missed; ORG begins with an illegal I-ORG; "and" is a made-up B-LOC
DECIDED = [["B-PER", "O", "O", "I-ORG", "O"], ["B-PER", "B-LOC", "O", "O", "O"]]


def test_each_tag_is_counted_as_it_is():
    report = tag_report(LABELLED, DECIDED)
    assert (report.n_sentences, report.n_words) == (2, 10)
    assert list(report.tags) == ["B-LOC", "B-ORG", "I-ORG", "B-PER", "I-PER", "O"]
    assert report.tags["B-PER"] == TagFigures(1.0, 1.0, 1.0, support=2)
    assert report.tags["I-PER"] == TagFigures(0.0, 0.0, 0.0, support=1)
    assert report.tags["B-LOC"] == TagFigures(0.0, 0.0, 0.0, support=0)
    # 5 of 6 O found, and one O that is none
    assert report.tags["O"] == TagFigures(pytest.approx(5 / 6), pytest.approx(5 / 6), pytest.approx(5 / 6), support=6)


def test_averages_are_over_all_tags_and_over_all_but_o():
    report = tag_report(LABELLED, DECIDED)
    # micro with O is the share of right words, 7 of 10; macro the mean over the six tags, (1 + 5/6) / 6
    assert report.with_o.micro == TagFigures(0.7, 0.7, 0.7, support=10)
    assert report.with_o.macro.f1 == pytest.approx((1 + 5 / 6) / 6)
    assert report.with_o.weighted.f1 == pytest.approx((2 * 1 + 6 * 5 / 6) / 10)
    # without O: 2 right of 4 found (2 B-PER, I-ORG, B-LOC) and of 4 labelled
    assert report.without_o == Averages(
        micro=TagFigures(0.5, 0.5, 0.5, support=4),
        macro=TagFigures(0.2, 0.2, 0.2, support=4),
        weighted=TagFigures(0.5, 0.5, 0.5, support=4),
    )


def test_entities_count_by_exact_boundaries_and_type_illegal_sequences_mended():
    report = tag_report(LABELLED, DECIDED)
    # labelled: Ann Lee, Acme, Bob; found: Ann, Acme (from I-ORG), Bob, and; right: Acme and Bob
    assert report.entities == TagFigures(0.5, pytest.approx(2 / 3), pytest.approx(4 / 7), support=3)
    assert report.entity_types["ORG"] == TagFigures(1.0, 1.0, 1.0, support=1)
    assert report.entity_types["PER"] == TagFigures(0.5, 0.5, 0.5, support=2)
    assert report.entity_types["LOC"] == TagFigures(0.0, 0.0, 0.0, support=0)


def test_without_any_entity_there_is_no_figure_of_entities():
    report = tag_report([Sentence(("so",), ("O",))], [["O"]])
    assert (report.entities, report.without_o, report.with_o.micro.f1) == (None, None, 1.0)


@pytest.mark.parametrize("decided", [[], [["O"]], [["O"] * 5, ["O"] * 4]])
def test_a_word_without_a_decided_tag_is_refused(decided):
    with pytest.raises(ValueError, match="decided must hold a tag per word of 2 sentences"):
        tag_report(LABELLED, decided)


class Outside:
    """Decides that nothing is an entity, and remembers the documents it was given together."""

    tags = ("O",)

    def __init__(self):
        self.documents = []

    def tags_of(self, sentences, documents):
        self.documents.append(list(documents))
        return [["O"] * len(words) for words in sentences]


def test_a_document_is_never_cut_since_its_sentences_are_context():
    sentences = [Sentence(("a",), ("O",), document) for document in (0, 0, 0, 1, 2, 2)]
    decider, told = Outside(), []
    decided = decide_tags(decider, sentences, lambda *progress: told.append(progress), n_at_once=2)
    assert decided == [["O"]] * 6
    assert decider.documents == [[0, 0, 0], [1, 2, 2]]
    assert told == [(3, 6), (6, 6)]


def test_no_sentence_asks_for_no_tags():
    decider = Outside()
    assert decide_tags(decider, []) == []
    assert decider.documents == []
