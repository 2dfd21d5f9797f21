import io

from rich.console import Console

from models.training.fitting import Progress
from pipeline.learning.training_view import TrainingView


def test_without_a_terminal_there_is_a_line_for_each_epoch() -> None:
    printed = io.StringIO()
    with TrainingView(Console(file=printed)) as view:
        for step, epoch, loss in ((1, 1, 2.0), (2, 1, 1.0), (3, 2, 0.5)):
            view.advance("training", step, 3, Progress(step, 3, epoch, loss, learning_rate=0.1, gradient_norm=1.0))
    assert printed.getvalue() == "training, epoch 1: mean loss 1.5000\ntraining, epoch 2: mean loss 0.5000\n"
