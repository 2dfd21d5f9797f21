"""The command on the shipped policy; what it measures is tested in tests/pipeline/learning."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from models.errors import DataInvalid
from pipeline.commands.evaluate import command as evaluate
from pipeline.errors import CommandFailed
from pipeline.settings import Settings

WRONG = '{"text": "Tesla plunges after recall", "label": "positive"}\n'


def run(*arguments: object) -> Result:
    return CliRunner().invoke(evaluate, list(map(str, arguments)), obj=Settings(device="cpu"))


def test_wrong_answers_are_written_to_a_new_file_and_flips_counted(tmp_path: Path) -> None:
    file, errors = tmp_path / "wrong.jsonl", tmp_path / "errors.jsonl"
    file.write_text(WRONG * 2)
    judged = run(file, "--errors", errors, "--stability", "--json")
    assert judged.exit_code == 0, judged.output
    assert judged.stderr == f"2 wrong answers in {errors}\n"
    told = json.loads(judged.stdout)
    assert (told["accuracy"], told["ece"] > 0.3, told["span_f1"]) == (0.0, True, None)
    assert [differ["n_documents"] for differ in told["stability"].values()] == [2, 2, 2]
    first, _ = map(json.loads, errors.read_text().splitlines())
    assert (first["unit"], first["expected"], first["got"]) == ("document", "positive", "negative")
    assert first["probability"] > 0.4
    assert first["slices"] == ["short", "news"]


def test_columns_of_named_entities_are_measured_by_span_f1_and_slices_are_shown(tmp_path: Path) -> None:
    file = tmp_path / "columns"
    file.write_text("-DOCSTART- -X- O\n\nTesla NNP I-ORG\nplunges VBZ O\n\nParis NNP I-LOC\n")
    judged = run(file, "--slices")
    assert judged.exit_code == 0, judged.output
    assert judged.stderr == "tags not compared: the policy knows mentions alone, which span F1 is about\n"
    *_, slices = judged.stdout.partition("slices")
    assert [line.split()[0] for line in slices.splitlines()[2:]] == ["all", "short", "news"]


def test_an_existing_file_is_never_overwritten_and_that_is_said_before_the_work(tmp_path: Path) -> None:
    errors = tmp_path / "errors.jsonl"
    errors.write_text("precious\n")
    failed = run(tmp_path / "not even read", "--errors", errors)
    assert isinstance(failed.exception, CommandFailed)
    assert str(failed.exception) == f"{errors} is there already; name a new file with --errors"
    assert errors.read_text() == "precious\n"
    failed = run(tmp_path / "not even read", "--errors", tmp_path / "none" / "errors.jsonl")
    assert "is no folder; make it first" in str(failed.exception)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"text,label\na,positive\n", "1: neither JSON lines nor columns of words and tags"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "2: not UTF-8"),
        (b'{"tokens": ["a"], "tags": []}\n', "1: tokens and tags must be equally long, got 1 and 0"),
        (b'{"text": "a", "label":\n', "1: Input data was truncated"),
    ],
)
def test_a_file_of_another_format_is_one_line(tmp_path: Path, content: bytes, fault: str) -> None:
    file = tmp_path / "given"
    file.write_bytes(content)
    failed = run(file)
    assert isinstance(failed.exception, DataInvalid)
    assert str(failed.exception).startswith(f"{file}:{fault}")
    assert "\n" not in str(failed.exception)
