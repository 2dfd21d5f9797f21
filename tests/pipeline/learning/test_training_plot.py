import json
from pathlib import Path

import pytest

from pipeline.learning.training_plot import moving_mean, save_plot


def test_a_run_is_drawn_even_if_it_has_no_span_figures(tmp_path: Path) -> None:
    epoch = {"epoch": 1, "dev": {"document_macro_f1": 0.5, "n_documents": 3}}
    (tmp_path / "metrics.jsonl").write_text(json.dumps(epoch) + "\n")
    (tmp_path / "steps.jsonl").write_text("".join(json.dumps({"loss": loss}) + "\n" for loss in (2.0, 1.0, 0.5)))
    path = save_plot(tmp_path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_moving_mean_of_one_value_is_that_value() -> None:
    assert moving_mean([3.0, 3.0, 3.0], decay=0.9) == pytest.approx([3.0, 3.0, 3.0])


def test_a_decay_of_one_would_forget_nothing_and_is_refused() -> None:
    with pytest.raises(ValueError, match=r"decay must be in \[0, 1\), got 1"):
        moving_mean([1.0], decay=1)
