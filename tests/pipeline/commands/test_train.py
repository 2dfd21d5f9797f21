"""One tiny run: that it learns is tested in tests/models; here, what a user finds afterwards."""

import json
from pathlib import Path

from click.testing import CliRunner

from pipeline.commands.evaluate import command as evaluate
from pipeline.commands.train import command as train
from pipeline.settings import Settings

RECIPE = "data: {texts.jsonl: 1.0}\nadapters: {rank: 2}\nn_epochs: 1\n"


def test_a_run_leaves_a_policy_its_figures_and_a_plot_and_is_judged_on_what_it_has_not_seen(tmp_path: Path) -> None:
    labels = ("negative", "neutral", "positive")
    rows = [{"text": f"shares move by {n} %", "label": labels[n % 3]} for n in range(60)]
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    out = tmp_path / "run"
    given = ["--data", str(tmp_path), "--recipe", str(tmp_path / "recipe.yaml"), "--out", str(out)]
    trained = CliRunner().invoke(train, [*given, "--seed", "3", "--json"], obj=Settings(device="cpu"))
    assert trained.exit_code == 0, trained.output
    told = json.loads(trained.stdout)
    assert trained.stderr.startswith("training, epoch 1: mean loss ")
    assert {path.name for path in out.iterdir()} == {
        "policy",
        "state",
        "steps.jsonl",
        "metrics.jsonl",
        "recipe.json",
        "training.png",
    }
    assert json.loads((out / "recipe.json").read_text())["seed"] == 3
    n_test = told["figures"]["texts"]["n_documents"]
    assert 0 < n_test < 60

    judged = CliRunner().invoke(
        evaluate,
        [str(tmp_path / "texts.jsonl"), "--policy", str(out / "policy"), "--json"],
        obj=Settings(device="cpu"),
    )
    assert judged.exit_code == 0, judged.output
    answer = json.loads(judged.stdout)
    assert (answer["part"], answer["policy_version"]) == ("test", told["policy_version"])
    assert answer["figures"]["texts"]["n_documents"] == n_test
    assert round(answer["figures"]["texts"]["document_accuracy"], 4) == told["figures"]["texts"]["document_accuracy"]


def test_an_unseen_file_is_judged_whole_and_shown_as_a_table(tmp_path: Path) -> None:
    file = tmp_path / "unseen.jsonl"
    file.write_text('{"text": "Tesla plunges after recall", "label": "negative"}\n' * 4)
    judged = CliRunner().invoke(evaluate, [str(file)], obj=Settings(device="cpu"))
    assert judged.exit_code == 0, judged.output
    title, *_, row = judged.stdout.splitlines()
    assert title.strip().endswith(", all examples")
    assert row.split()[:3] == ["unseen", "4", "1.000"]


DOCUMENT = """-DOCSTART- -X- -X- O

Mr NNP B-NP O
Name{n} NNP I-NP I-PER
left VBD B-VP O

in IN B-PP O
Town{n} NNP B-NP I-LOC

"""
COLUMNS = "".join(DOCUMENT.replace("{n}", str(n)) for n in range(12))


def test_conll_columns_teach_a_tagger_of_the_tags_they_have(tmp_path: Path) -> None:
    columns, out = tmp_path / "eng.train", tmp_path / "run"
    columns.write_text(COLUMNS)
    (tmp_path / "recipe.yaml").write_text("learns: tags\nadapters: {rank: 2}\nn_epochs: 1\n")
    given = [str(columns), "--dev", str(columns), "--recipe", str(tmp_path / "recipe.yaml"), "--out", str(out)]
    trained = CliRunner().invoke(train, [*given, "--json"], obj=Settings(device="cpu"))
    assert trained.exit_code == 0, trained.output
    judged = CliRunner().invoke(
        evaluate, [str(columns), "--policy", str(out / "policy"), "--json"], obj=Settings(device="cpu")
    )
    assert judged.exit_code == 0, judged.output
    answer = json.loads(judged.stdout)
    assert answer["policy_version"] == json.loads(trained.stdout)["policy_version"]
    assert answer["token_report"]["tags"]["B-PER"]["support"] == 12
    assert 0 <= answer["entity_f1"] <= 1


def test_a_run_that_is_there_is_gone_on_with_only_when_asked(tmp_path: Path) -> None:
    columns, out = tmp_path / "eng.train", tmp_path / "run"
    columns.write_text(COLUMNS)
    (tmp_path / "recipe.yaml").write_text("learns: tags\nadapters: {rank: 2}\nn_epochs: 1\n")
    given = [
        str(columns),
        "--dev",
        str(columns),
        "--recipe",
        str(tmp_path / "recipe.yaml"),
        "--out",
        str(out),
        "--json",
    ]
    first = CliRunner().invoke(train, given, obj=Settings(device="cpu"))
    again = CliRunner().invoke(train, given, obj=Settings(device="cpu"))
    assert (again.exit_code, "is not empty" in str(again.exception)) == (1, True)
    resumed = CliRunner().invoke(train, [*given, "--resume"], obj=Settings(device="cpu"))
    assert resumed.exit_code == 0, resumed.output
    assert json.loads(resumed.stdout)["policy_version"] == json.loads(first.stdout)["policy_version"]
    other = CliRunner().invoke(train, [*given, "--resume", "--seed", "3"], obj=Settings(device="cpu"))
    assert "holds a run of another recipe" in str(other.exception)
