from pathlib import Path

import pytest

from models.errors import DataInvalid
from models.labelled.example import Example, LabelledSpan
from pipeline.feedback.guarding import load_gold, new_guard
from pipeline.settings import Settings


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_gold_items_are_right_labels_by_document(tmp_path: Path) -> None:
    entity = '{"text":"FTX","label":"negative","span":[0,3]}'
    path = written(
        tmp_path / "gold.jsonl",
        f'{{"id":"d-1","text":"FTX halts","label":"negative","entities":[{entity}]}}',
        "",
        '{"id":"d-2","text":"all calm","label":"neutral"}',
    )
    spans = (LabelledSpan(0, 3, 0),)
    assert load_gold(path) == {
        "d-1": Example("FTX halts", 0, spans, are_spans_complete=True, source="gold"),
        "d-2": Example("all calm", 1, source="gold"),
    }
    assert new_guard(Settings(gold=path)).quarantines() == []


def test_a_line_without_its_document_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "gold.jsonl", '{"id":"d-1","text":"a"}', '{"text":"b"}')
    with pytest.raises(DataInvalid, match=r"gold\.jsonl:2: .*id"):
        load_gold(path)


def test_columns_of_words_are_no_gold_items(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="gold items must be JSON lines with `id`, `text` and labels"):
        load_gold(written(tmp_path / "gold.conll", "FTX B-ORG"))
