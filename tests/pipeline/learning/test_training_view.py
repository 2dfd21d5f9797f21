import io

from rich.console import Console

from models.training.trainer import Progress
from pipeline.learning.training_view import TrainingView


def test_without_a_terminal_there_is_a_line_for_each_epoch() -> None:
    printed = io.StringIO()
    with TrainingView(Console(file=printed)) as view:
        for step, epoch, loss in ((1, 1, 2.0), (2, 1, 1.0), (3, 2, 0.5)):
            view.advance(Progress(step, 3, epoch, loss, learning_rate=0.001))
    assert printed.getvalue() == "epoch 1: mean loss 1.5000\nepoch 2: mean loss 0.5000\n"
    assert view.losses == [2.0, 1.0, 0.5]
