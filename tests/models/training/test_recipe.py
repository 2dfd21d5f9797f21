import pytest

from models.errors import DataInvalid
from models.network import Adapters
from models.training.recipe import RECIPES, Recipe


def test_the_default_recipe_reads():
    recipe = Recipe.from_yaml(RECIPES / "default.yaml")
    assert recipe.data["sentiment/sentfin.jsonl"] == 1.0
    assert recipe.adapters.rank >= 8


def test_what_a_file_leaves_out_has_its_default(tmp_path):
    (tmp_path / "r.yaml").write_text("data: {a.jsonl: 0.5}\nadapters: {rank: 4}\n")
    recipe = Recipe.from_yaml(tmp_path / "r.yaml")
    assert recipe == Recipe(data={"a.jsonl": 0.5}, adapters=Adapters(rank=4))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("data: {a: 1.0}\nepochs: 3\n", "unknown field epochs; known are adaptation, adapters"),
        ("data: {a: 2.0}\n", r"share of a must be in \(0, 1\], got 2.0"),
        ("data: {a: 1.0}\nn_epochs: many\n", "Expected `int`, got `str`"),
        ("data: {a: 1.0}\nadapters: {rank: 0}\n", "rank must be >= 1, got 0"),
        ("data: [", "r.yaml: "),
        ("adapters: {ranks: 3}\n", "unknown field adapters.ranks; known are alpha, p_dropout, rank"),
        ("learns: nothing\n", "Invalid enum value"),
    ],
)
def test_a_fault_in_a_recipe_is_one_line(tmp_path, text, fault):
    (tmp_path / "r.yaml").write_text(text)
    with pytest.raises(DataInvalid, match=fault) as error:
        Recipe.from_yaml(tmp_path / "r.yaml")
    assert "\n" not in str(error.value)


def test_a_missing_recipe_says_the_mend(tmp_path):
    with pytest.raises(DataInvalid, match="name a recipe file"):
        Recipe.from_yaml(tmp_path / "none.yaml")
