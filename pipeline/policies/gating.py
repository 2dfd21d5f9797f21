"""Asks the gate about a candidate: decides the held-out documents with all three policies, and keeps the report.

Knows neither releases nor Kafka.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from models.action import Action
from models.batching import BatchLimits, decide_all
from models.encoder import sha256_of
from models.evaluation.judgement import Judgement, OnProgress, judge
from models.labelled.datasets import read_examples
from models.labelled.example import Example
from models.policy import Policy
from pipeline.errors import CommandFailed
from rl.gate.gate import GateConfig, ask
from rl.gate.judged import held_out_examples, held_out_of
from rl.gate.ledger import SpendingLedger
from rl.gate.page import page_of
from rl.gate.report import GateReport, Question
from rl.gate.rounds import RoundsComparison, compare_rounds
from rl.rounds.round import Round
from rl.rounds.unit import Unit, Units, units_of

REPORT_FILE, PAGE_FILE = "gate.json", "gate.html"
_P_OTHER_SPAN = 0.1
"""That a mention which the model does not see is right after all."""

Following = Callable[[str], OnProgress]
"""Asked, for each policy that decides, for what is to be told how far it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """Who is to take whose place, and what that is judged by.

    >>> Contest(candidate=Path("c"), serving=Path("s"), anchor=Path("a"), files=()).rounds
    ()
    """

    candidate: Path  # policy folders
    serving: Path
    anchor: Path
    files: tuple[Path, ...]  # labelled; of one that a policy was trained on, its dev and test parts count
    rounds: tuple[Round, ...] = ()  # kept out of learning (`rl.rounds.audit`)
    learnt_texts: frozenset[str] = frozenset()  # of rounds that the candidate has learnt from


def hold(
    contest: Contest,
    ledger: Path,
    out: Path,
    *,
    now: datetime,
    device: str | None = None,
    limits: BatchLimits | None = None,
    following: Following = lambda _: lambda *_: None,
) -> GateReport:
    """Return the gate's report, and leave it in `out` as `gate.json` and as a page.

    Raises:
        CheckpointMismatch: a policy's files are missing or damaged.
        DataInvalid: a labelled file is.
        LedgerDamaged: the ledger is.
    """
    limits = limits or BatchLimits()
    folders = {"candidate": contest.candidate, "serving": contest.serving, "anchor": contest.anchor}
    policies = {name: Policy.load(folder, device) for name, folder in folders.items()}
    examples = _held_out(contest.files, policies.values())
    judged: dict[str, list[Judgement]] = {}
    for name, policy in policies.items():
        if policy.version not in judged:
            judged[policy.version] = judge(policy, examples, limits, following(name))
    candidate, serving, anchor = (judged[policy.version] for policy in policies.values())
    held_out = held_out_of(candidate, serving, anchor, was_learnt=contest.learnt_texts.__contains__)
    question = Question(
        candidate=policies["candidate"].version,
        serving=policies["serving"].version,
        anchor=policies["anchor"].version,
        asked_at=now,
    )
    config = GateConfig()
    rounds = _rounds_say(contest.rounds, policies, config.margin, limits) if contest.rounds else ()
    report = ask(question, held_out, SpendingLedger(ledger), rounds=rounds, config=config)
    out.mkdir(parents=True, exist_ok=True)
    (out / REPORT_FILE).write_bytes(report.to_json())
    (out / PAGE_FILE).write_text(page_of(report), encoding="utf-8")
    return report


def _held_out(files: Sequence[Path], policies: Iterable[Policy]) -> list[Example]:
    if not files:
        raise CommandFailed("there is nothing to judge by: name labelled files with --held-out, or FINSURGE_HELD_OUT")
    trained_on = {sha256 for policy in policies for sha256 in policy.manifest.data_sha256.values()}
    examples: list[Example] = []
    for file in files:
        found = read_examples(file)
        examples += held_out_examples(found) if sha256_of(file) in trained_on else found
    return examples


def _rounds_say(
    rounds: Sequence[Round], policies: Mapping[str, Policy], margin: float, limits: BatchLimits
) -> tuple[RoundsComparison, ...]:
    texts = list(dict.fromkeys(answered.text for answered in rounds))
    actions = {
        name: dict(zip(texts, decide_all(policies[name], texts, limits)[0], strict=True))
        for name in ("candidate", "serving")
    }

    def units(name: str) -> Callable[[str], Units]:
        return lambda text: units_of(actions[name][text])

    return compare_rounds(
        rounds,
        units("candidate"),
        units("serving"),
        model=lambda text, unit: _p_right(actions["serving"][text], unit),
        margin=margin,
    )


def _p_right(action: Action, unit: Unit) -> float:
    """Return how likely a unit is right as the serving policy sees it."""
    if unit.span is None:
        return action.sentiment[unit.sentiment]
    found = (span for span in action.spans if (span.start, span.end) == unit.span)
    return next((span.sentiment[unit.sentiment] for span in found), _P_OTHER_SPAN)
