import json
from pathlib import Path

import pytest

from models.errors import DataInvalid
from models.labelled.datasets import read_examples, read_sentences
from models.labelled.example import Example, LabelledSpan
from models.labelled.sentence import Sentence


def read(folder: Path, *rows: object) -> list[Example]:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return read_examples(path)


def test_entities_with_sentiment_are_complete_spans(tmp_path):
    row = {
        "id": "a",
        "text": "SSTL net loss widens",
        "label": "negative",
        "entities": [{"text": "SSTL", "label": "negative", "span": [0, 4]}],
    }
    assert read(tmp_path, row) == [
        Example(
            "SSTL net loss widens",
            sentiment=0,
            spans=(LabelledSpan(0, 4, 0),),
            are_spans_complete=True,
            source="rows",
        )
    ]


def test_mixed_is_no_document_label_yet_its_spans_have_theirs(tmp_path):
    entities = [
        {"text": "A", "label": "negative", "span": [0, 1]},
        {"text": "B", "label": "positive", "span": [6, 7]},
    ]
    [example] = read(tmp_path, {"text": "A hits B", "label": "mixed", "entities": entities})
    assert example.sentiment is None
    assert [span.sentiment for span in example.spans] == [0, 2]


def test_an_entity_that_could_not_be_placed_leaves_the_rest_open(tmp_path):
    entities = [{"text": "IOC", "label": "neutral", "span": None}]
    [example] = read(tmp_path, {"text": "IOCs director", "label": "neutral", "entities": entities})
    assert not example.are_spans_complete


def test_of_overlapping_entities_the_longest_is_kept(tmp_path):
    entities = [
        {"text": "Bank", "label": "neutral", "span": [6, 10]},
        {"text": "Union Bank", "label": "neutral", "span": [0, 10]},
    ]
    [example] = read(tmp_path, {"text": "Union Bank", "entities": entities})
    assert example.spans == (LabelledSpan(0, 10, 1),)


def test_a_posts_only_cashtag_has_the_posts_sentiment_and_of_several_it_is_open(tmp_path):
    one, two = read(
        tmp_path,
        {"text": "$BYND cut", "label": "negative", "cashtags": ["BYND"]},
        {"text": "$CCL $RCL weak", "label": "negative", "cashtags": ["CCL", "RCL"]},
    )
    assert one.spans == (LabelledSpan(0, 5, 0),)
    assert two.spans == (LabelledSpan(0, 4, None), LabelledSpan(5, 9, None))
    assert not one.are_spans_complete


def test_named_entities_are_spans_without_sentiment_and_persons_are_left_open(tmp_path):
    [example] = read(
        tmp_path,
        {"tokens": ["Ann", "joins", "Acme", "Corp"], "tags": ["B-PER", "O", "B-ORG", "I-ORG"]},
    )
    assert example.text == "Ann joins Acme Corp"
    assert example.spans == (LabelledSpan(10, 19, None),)
    assert example.open_ranges == ((0, 3),)
    assert example.are_spans_complete


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"text": "a", "label": "bad"}, "label must be one of negative, neutral, positive or mixed, got bad"),
        ({"label": "neutral"}, "row must have text, or tokens and tags"),
        ({"tokens": ["a"], "tags": []}, "tokens and tags must be equally long, got 1 and 0"),
        ({"tokens": ["a"], "tags": ["NNP"]}, "tag must be O, or like B-ORG, got NNP"),
        ({"text": "a", "entities": [{"text": "b", "span": [0, 2]}]}, "span must lie within the text"),
        ({"text": 3}, "Expected `str"),
    ],
)
def test_a_malformed_row_is_named_by_file_line_and_fault(tmp_path, row, fault):
    with pytest.raises(DataInvalid, match=r"rows\.jsonl:2: ") as error:
        read(tmp_path, {"text": "fine"}, row)
    assert fault in str(error.value)


def test_a_missing_file_says_the_mend(tmp_path):
    with pytest.raises(DataInvalid, match="No such file or directory; point FINSURGE_DATA at the data"):
        read_examples(tmp_path / "none.jsonl")


def test_tags_that_are_sentiments_are_those_towards_the_mention(tmp_path):
    [example] = read(tmp_path, {"tokens": ["Acme", "hits", "Beta"], "tags": ["B-negative", "O", "B-positive"]})
    assert example.spans == (LabelledSpan(0, 4, 0), LabelledSpan(10, 14, 2))


def test_tagged_lines_are_sentences_too_each_a_document_of_its_own(tmp_path):
    read(tmp_path, {"tokens": ["Ann"], "tags": ["S-PER"]}, {"text": "fine"}, {"tokens": ["b"], "tags": ["O"]})
    assert read_sentences(tmp_path / "rows.jsonl") == [Sentence(("Ann",), ("B-PER",), 0), Sentence(("b",), ("O",), 2)]


def test_an_empty_file_has_no_examples(tmp_path):
    assert read(tmp_path) == []
