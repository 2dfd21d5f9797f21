import io

from rich.console import Console

from pipeline.learning.evaluation_view import EvaluationView
from pipeline.learning.figures import figures_table


def test_a_figure_without_evidence_is_a_dash():
    printed = io.StringIO()
    Console(file=printed, width=120).print(figures_table({"": {"n_documents": 2, "span_f1": 0.5}}, "all"))
    assert printed.getvalue().splitlines()[-1].split() == ["(none)", "2", "-", "-", "-", "-", "0.500", "-", "-"]


def test_a_bar_is_drawn_on_a_terminal_and_nothing_elsewhere():
    for is_terminal in (True, False):
        printed = io.StringIO()
        with EvaluationView(Console(file=printed, force_terminal=is_terminal, width=80)) as view:
            view.following("deciding")(2, 4)
        assert ("deciding" in printed.getvalue(), "2/4" in printed.getvalue()) == (is_terminal, is_terminal)
