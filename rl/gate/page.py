"""A gate report as one HTML page for people who answer for risk. Nothing is loaded from elsewhere.

Knows layout alone; what is said is in `words`.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from rl.gate import words
from rl.gate.comparison import Comparison, Showing
from rl.gate.plot import Row, dots_and_bars
from rl.gate.report import GateReport

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:54rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}code{font-size:.9em}
.answer{font-size:1.15rem;padding:1rem;border-left:.4rem solid #b3261e;background:#fbeeed}
.answer.yes{border-color:#1b6e3c;background:#edf6f0}
table{border-collapse:collapse;width:100%}th,td{text-align:right;padding:.25rem .5rem;border-bottom:1px solid #ddd}
th:first-child,td:first-child{text-align:left}svg{width:100%;height:auto;font-size:12px}
.bar{stroke:#555;stroke-width:2}.zero{stroke:#555;stroke-width:1}.margin{stroke:#b3261e;stroke-width:1;stroke-dasharray:4}
.dot{fill:#777}.dot.good{fill:#1b6e3c}.dot.bad{fill:#b3261e}.label{text-anchor:end}.tick{text-anchor:middle;fill:#555}
.note{color:#555;font-size:.9rem}
"""

_SHOWN = {
    Showing.NOT_WORSE: "not worse by more than the margin",
    Showing.WORSE: "worse",
    Showing.NEITHER: "neither",
}
_KINDS = {Showing.NOT_WORSE: "good", Showing.WORSE: "bad", Showing.NEITHER: ""}


def page_of(report: GateReport) -> str:
    """Return the page; everything that comes from outside is escaped.

    >>> from datetime import datetime
    >>> from rl.gate.reasons import GateReason
    >>> from rl.gate.report import Question
    >>> at = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> question = Question(candidate="<b>", serving="p-1", anchor="p-1", asked_at=at)
    >>> page = page_of(GateReport(question=question, reasons=(GateReason.TOO_FEW_ITEMS,), margin=0.01, n_items=1_000,
    ...     min_items=2_500, held_out="h", max_calibration_error=0.03, p_error=0.05))
    >>> "<b>" in page, "No: the held-out set has 1,000 items" in page
    (False, True)
    """
    sections = (_answer(report), _held_out(report), _slices(report), _rounds(report), _use(report), _changes(report))
    title = html.escape(f"Gate: {report.question.candidate}")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f"<h1>{title}</h1>{''.join(part for section in sections for part in section)}</body></html>\n"
    )


def _answer(report: GateReport) -> Iterable[str]:
    yield f"<p>{html.escape(words.question_of(report))}</p>"
    yield f'<p class="answer{" yes" if report.is_promoted else ""}">{html.escape(words.answer_of(report))}</p>'
    if objections := words.objections_of(report):
        yield "<p>Beside that:</p>" + _list(objections)
    yield (
        f'<p class="note">Asked at {report.question.asked_at:%Y-%m-%d %H:%M %Z}; reason '
        f"<code>{html.escape(report.reason.value)}</code>. Reward is between 0 (all wrong) and 1 (all right); "
        "a point is a hundredth of it.</p>"
    )


def _held_out(report: GateReport) -> Iterable[str]:
    compared = [
        (f"{name} {version}", comparison)
        for name, version, comparison in (
            ("serving", report.question.serving, report.against_serving),
            ("anchor", report.question.anchor, report.against_anchor),
        )
        if comparison is not None
    ]
    if not compared:
        return
    yield "<h2>On held-out items</h2><p>How much more than each the candidate earns on the same items, in points:</p>"
    yield _plot(compared, report.margin)
    yield _table(compared)
    if report.calibration_error is not None:
        yield (
            f"<p>Its probabilities are off by {words.points(report.calibration_error)} on average "
            f"(allowed: {words.points(report.max_calibration_error)}).</p>"
        )


def _slices(report: GateReport) -> Iterable[str]:
    if report.slices:
        compared = [(one.name, one.comparison) for one in report.slices]
        yield (
            "<h2>By kind of document</h2><p>Against the serving policy. Small kinds cannot show that a candidate "
            f"is as good; none may show that it is worse (error of all together {_percent(report.p_error)}).</p>"
        )
        yield _plot(compared, report.margin) + _table(compared)


def _rounds(report: GateReport) -> Iterable[str]:
    yield "<h2>On analysts' answers</h2>"
    if not report.rounds:
        yield "<p>None were given.</p>"
    told = [(one, one.estimate) for one in report.rounds if one.estimate is not None]
    rows = [Row(one.estimator, got.value, got.low, got.high, _KINDS[one.showing]) for one, got in told]
    if rows:
        yield dots_and_bars(rows, margin=report.margin)
    for one in report.rounds:
        if one.refused is not None:
            yield f"<p>{html.escape(one.estimator)} gives no figure: {html.escape(one.refused.detail)}.</p>"
        elif one.estimate is not None:
            yield (
                f"<p>{html.escape(one.estimator)}: {one.estimate.n_units:,} answers on {one.estimate.n_clusters:,} "
                f"stories, worth {one.estimate.ess:,.0f} equal ones; shown: {_SHOWN[one.showing]}.</p>"
            )


def _use(report: GateReport) -> Iterable[str]:
    yield f"<h2>The held-out set</h2><p>{report.n_items:,} items, <code>{html.escape(report.held_out[:16])}</code>. "
    if report.level is None:
        yield "This question was not put to it.</p>"
    else:
        yield (
            f"This was question {report.n_uses} to it, answered with an error of at most {_percent(report.level)}. "
            f"All its answers together may wrongly promote with at most {_percent(report.p_error)}: each question "
            "that ends without a promotion makes the next ones stricter.</p>"
        )


def _changes(report: GateReport) -> Iterable[str]:
    yield "<h2>What would change the answer</h2>" + _list(words.changes_of(report))


def _plot(compared: Sequence[tuple[str, Comparison]], margin: float) -> str:
    rows = [Row(name, one.difference, one.low, one.high, _KINDS[one.showing]) for name, one in compared]
    note = "Dot: difference; bar: 95 % interval; dashed: the margin."
    return f'{dots_and_bars(rows, margin=margin)}<p class="note">{note}</p>'


def _table(compared: Sequence[tuple[str, Comparison]]) -> str:
    columns = ("against", "items", "stories", "differ", "candidate", "other", "shown")
    head = "<tr>" + "".join(f"<th>{column}</th>" for column in columns) + "</tr>"
    body = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{one.n_items:,}</td><td>{one.n_clusters:,}</td>"
        f"<td>{one.n_different:,}</td><td>{one.candidate_mean:.3f}</td><td>{one.other_mean:.3f}</td><td>{_SHOWN[one.showing]}</td></tr>"
        for name, one in compared
    )
    return f"<table>{head}{body}</table>"


def _list(sentences: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences) + "</ul>"


def _percent(share: float) -> str:
    return f"{share:.2%}".replace("%", " %")
