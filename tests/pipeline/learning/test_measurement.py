import json
from pathlib import Path

import pytest

from models.batching import BatchLimits
from models.encoder import sha256_of
from models.evaluation.mention_tags import MentionTags
from models.keyword import KeywordPolicy
from models.labelled.datasets import LabelledFile
from models.labelled.example import part_of
from pipeline.errors import CommandFailed
from pipeline.learning.evaluation_tables import tables_of
from pipeline.learning.judged import Judged
from pipeline.learning.measurement import Measurement, measure

DOCUMENTS = """\
{"text": "Acme fraud", "label": "negative", "entities": [{"text": "Acme", "label": "negative", "span": [0, 4]}]}
{"text": "Beta soars", "label": "neutral", "entities": [{"text": "Beta", "label": "positive", "span": [0, 4]}]}
"""
TAGGED = "Acme B-negative\nfraud O\n\nBeta B-neutral\nsoars O\n"


class Names:
    """A tagger of a made-up tag set: capitalised words are organisations."""

    tags = ("O", "B-ORG")

    def tags_of(self, sentences, documents):
        return [["B-ORG" if word.istitle() else "O" for word in words] for words in sentences]


def judged(policy=None, tagger=None, data_sha256=None) -> Judged:
    return Judged(version="p-1", data_sha256=data_sha256 or {}, policy=policy, tagger=tagger)


def measured(folder: Path, content: str, judges: Judged, **given) -> Measurement:
    file = folder / "labelled"
    file.write_text(content, encoding="utf-8")
    told = lambda _: lambda _, __: None  # noqa: E731
    return measure(judges, file, LabelledFile.read(file), BatchLimits(), told, **given)


def test_documents_and_mentions_have_figures_and_words_have_none(tmp_path):
    told = measured(tmp_path, DOCUMENTS, judged(KeywordPolicy())).to_dict()
    assert (told["accuracy"], told["n_documents"], told["n_document_labels"]) == (0.5, 2, 2)
    assert (told["span_f1"], told["joint_f1"], told["sentiment_accuracy"]) == (1.0, 1.0, 1.0)
    assert told["weighted_f1"] == pytest.approx(0.5)  # negative right, neutral never found
    assert told["macro_f1"] == pytest.approx(1 / 3)
    assert told["ece"] == pytest.approx(0.4)  # at 0.9, half is right
    assert {told[name] for name in ("token_micro_f1", "entity_f1", "n_words")} == {None}
    assert (told["policy_version"], told["part"], told["stability"]) == ("p-1", "all", None)
    assert told["slices"]["news"]["accuracy"] == 0.5
    assert set(told["slices"]["news"]["intervals"]["accuracy"]) <= {0.0, 0.5, 1.0}
    json.dumps(told, allow_nan=False)


def test_words_tagged_with_sentiments_are_compared_with_the_policys_own(tmp_path):
    policy = KeywordPolicy()
    told = measured(tmp_path, TAGGED, judged(policy, MentionTags(policy))).to_dict()
    # Acme is right; Beta is positive to the policy
    assert (told["token_micro_f1"], told["n_sentences"], told["n_words"]) == (0.75, 2, 4)
    assert (told["entity_precision"], told["entity_recall"], told["entity_f1"]) == (0.5, 0.5, 0.5)
    assert told["token_report"]["tags"]["B-neutral"]["support"] == 1
    assert told["token_report"]["with_O"]["micro"]["f1"] == 0.75
    assert told["token_report"]["without_O"]["micro"]["f1"] == 0.5
    assert told["entity_report"]["negative"]["f1"] == 1.0
    assert told["joint_f1"] == 0.5


def test_a_tagger_is_measured_on_words_alone_and_its_mistakes_are_entities(tmp_path):
    found = measured(tmp_path, "Acme B-ORG\nSoars O\n", judged(tagger=Names()))
    told = found.to_dict()
    assert (told["accuracy"], told["token_micro_f1"], told["entity_precision"]) == (None, 0.5, 0.5)
    assert [(mistake.unit, mistake.surface, mistake.got) for mistake in found.mistakes] == [
        ("entity", "Soars", "ORG")
    ]


def test_of_a_file_that_was_trained_on_only_the_test_part_counts(tmp_path):
    rows = [f"shares move by {n} %" for n in range(60)]
    content = "".join(json.dumps({"text": row, "label": "neutral"}) + "\n" for row in rows)
    (tmp_path / "labelled").write_text(content, encoding="utf-8")
    known = judged(KeywordPolicy(), data_sha256={"a.jsonl": sha256_of(tmp_path / "labelled")})
    told = measured(tmp_path, content, known).to_dict()
    assert told["part"] == "test"
    assert told["n_documents"] == sum(part_of(row) == "test" for row in rows)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "no examples to measure on; give a file with labelled lines"),
        ('{"text": "a"}\n', "nothing to measure by; give lines with a label, entities, or tags it knows"),
    ],
)
def test_a_file_without_evidence_is_refused(tmp_path, content, fault):
    with pytest.raises(CommandFailed) as error:
        measured(tmp_path, content, judged(KeywordPolicy()))
    assert str(error.value) == f"{tmp_path / 'labelled'}: {fault}"


def test_a_tagger_cannot_be_measured_on_documents(tmp_path):
    with pytest.raises(CommandFailed, match="nothing to measure by"):
        measured(tmp_path, DOCUMENTS, judged(tagger=Names()))


def test_everything_that_was_measured_has_a_table(tmp_path):
    policy = KeywordPolicy()
    found = measured(tmp_path, TAGGED, judged(policy, MentionTags(policy)), others={"exact_cpu": policy})
    titles = [str(table.title).partition(":")[0] for table in tables_of(found, with_slices=True)]
    assert titles == [
        "p-1, all examples",
        "words by tag",
        "entities",
        "slices, ± half the 95 % interval",
        "documents that are answered otherwise",
    ]
    assert found.to_dict()["stability"]["exact_cpu"]["n_changed"] == 0
    tables = list(tables_of(found))
    assert [table.row_count for table in tables] == [1, 4 + 6, 4, 3]  # tags and averages; types and all; comparisons
