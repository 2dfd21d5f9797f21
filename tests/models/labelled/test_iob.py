import pytest

from models.labelled.iob import entities_of, iob2


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        ("IOB1", ["I-PER", "I-PER", "B-PER", "O", "I-ORG"]),
        ("IOB2", ["B-PER", "I-PER", "B-PER", "O", "B-ORG"]),
        ("BIOES", ["B-PER", "E-PER", "S-PER", "O", "S-ORG"]),
        ("BILOU", ["B-PER", "L-PER", "U-PER", "O", "U-ORG"]),
    ],
)
def test_every_scheme_says_the_same(scheme, tags):
    assert iob2(tags) == ["B-PER", "I-PER", "B-PER", "O", "B-ORG"]
    assert entities_of(tags) == [(0, 2, "PER"), (2, 3, "PER"), (4, 5, "ORG")]


# what conlleval.pl makes of sequences that no scheme allows
@pytest.mark.parametrize(
    ("tags", "entities"),
    [
        (["O", "I-PER", "I-PER"], [(1, 3, "PER")]),  # an inside after nothing begins an entity
        (["B-PER", "I-ORG"], [(0, 1, "PER"), (1, 2, "ORG")]),  # so does one of another type
        (["E-PER", "E-PER"], [(0, 1, "PER"), (1, 2, "PER")]),  # an end closes, whatever was open
        (["B-PER", "S-PER", "I-PER"], [(0, 1, "PER"), (1, 2, "PER"), (2, 3, "PER")]),
        (["B", "I", "O", "I"], [(0, 2, ""), (3, 4, "")]),  # one type, without a name
        ([], []),
    ],
)
def test_illegal_sequences_are_read_as_conlleval_reads_them(tags, entities):
    assert entities_of(tags) == entities


def test_a_type_may_contain_a_hyphen():
    assert entities_of(["B-creative-work", "I-creative-work"]) == [(0, 2, "creative-work")]
