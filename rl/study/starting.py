"""The policy that a study starts from: one that reads finance tweets and names, and has not seen the stream's kind.

Owns its recipe. Knows no stream.
"""

from __future__ import annotations

from pathlib import Path

from models.network import Adapters
from models.training.fitting import POLICY_FOLDER
from models.training.recipe import Recipe
from models.training.trainer import OnStage, train
from models.training.trainset import TrainSet

_ADAPTERS = Adapters(rank=16, p_dropout=0.0)
# Drawing their dropout takes a third of a step on a CPU, and a study takes many.

START = Recipe(
    data={
        "sentiment/twitter_financial_news.jsonl": 1.0,
        "entities/wnut17.jsonl": 0.4,
        "entities/broad_twitter_ner.jsonl": 0.3,
        "entities/wikigold.jsonl": 1.0,
    },
    adapters=_ADAPTERS,
    n_epochs=2,
    max_documents=64,
    tag_weight=2.0,
)
"""Document labels of tweets, with their cashtags, and named entities of any text: some ten minutes on a core."""

QUICK_START = Recipe(
    data={
        "sentiment/twitter_financial_news.jsonl": 0.5,
        "entities/broad_twitter_ner.jsonl": 0.1,
        "entities/wikigold.jsonl": 0.5,
    },
    adapters=_ADAPTERS,
    n_epochs=1,
    max_documents=64,
    tag_weight=2.0,
)
"""The same from a quarter of the examples, read once: two minutes on a core."""


def start_policy(
    data: Path, folder: Path, recipe: Recipe = START, device: str | None = None, on_stage: OnStage = lambda *_: None
) -> Path:
    """Return the folder of the start policy, which is trained unless it lies there; an interrupted run goes on.

    Args:
        data: folder of labelled files.
        folder: of this run.
        recipe: how it is trained.
        device: where to compute.
        on_stage: told how far it is.

    Raises:
        DataInvalid: a file of the recipe is missing or malformed.
        RunMismatch: the folder holds a run of another recipe or other data.
    """
    done = folder / "done"
    if not done.is_file():
        train(recipe, TrainSet.read(data, recipe), folder, device=device, on_stage=on_stage)
        done.touch()
    return folder / POLICY_FOLDER
