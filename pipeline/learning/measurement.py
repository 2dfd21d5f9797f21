"""One evaluation: all figures of one file, and what programs read of them.

Knows neither terminal nor command line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from models.batching import BatchLimits
from models.decider import Decider
from models.encoder import sha256_of
from models.evaluation.judgement import Judgement, OnProgress, judge
from models.evaluation.mistakes import Mistake, mistakes_of, tag_mistakes_of
from models.evaluation.report import Report, report_of
from models.evaluation.slices import SliceReport, slice_reports
from models.evaluation.stability import Differences, stability
from models.evaluation.tag_report import TagReport, decide_tags, tag_report
from models.labelled.datasets import LabelledFile
from models.labelled.example import part_of
from pipeline.errors import CommandFailed
from pipeline.learning.figures import SHORT_NAMES, short_figures
from pipeline.learning.judged import Judged

Following = Callable[[str], OnProgress]


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What was found on one file.

    >>> from models.evaluation.report import report_of
    >>> told = Measurement(version="p-1", file=Path("a.jsonl"), part="all", report=report_of([])).to_dict()
    >>> told["accuracy"], told["token_micro_f1"]
    (None, None)
    """

    version: str
    file: Path
    part: Literal["all", "test"]  # what of the file was measured
    report: Report
    slices: Mapping[str, SliceReport] | None = None
    tags: TagReport | None = None  # None: words are not tagged, or with other tags
    stability: Mapping[str, Differences] | None = None  # None: not asked for
    mistakes: tuple[Mistake, ...] = ()

    @property
    def has_evidence(self) -> bool:
        """Whether there is any figure."""
        report = self.report
        return (
            self.tags is not None
            or bool(report.n_document_labels or report.n_span_sentiments)
            or (report.span_f1 is not None)
        )

    def to_dict(self) -> dict[str, object]:
        """Return all figures under names that stay; None where there is no evidence."""
        told: dict[str, object] = {"policy_version": self.version, "file": str(self.file), "part": self.part}
        told |= short_figures(self.report) | _tag_figures(self.tags)
        told["slices"] = {name: _slice_figures(of_slice) for name, of_slice in (self.slices or {}).items()}
        told["stability"] = self.stability and {name: asdict(found) for name, found in self.stability.items()}
        told["figures"] = {self.file.stem: self.report.to_dict()}
        return told


def measure(
    judged: Judged,
    file: Path,
    content: LabelledFile,
    limits: BatchLimits,
    following: Following,
    others: Mapping[str, Decider] | None = None,
) -> Measurement:
    """Return what is found on a file; of one that was trained on, on its test part alone.

    Args:
        judged: policy or tagger.
        file: where the content was read.
        content: of the file.
        limits: of the batches that are served.
        following: told what is done, and then how far it is.
        others: None if stability is not asked for; otherwise the same policy elsewhere, by name.

    Raises:
        CommandFailed: if nothing in the file can be measured.
    """
    is_known = sha256_of(file) in judged.data_sha256.values()
    part: Literal["all", "test"] = "test" if is_known else "all"
    examples = [example for example in content.examples if not is_known or part_of(example.text) == "test"]
    sentences = [sentence for sentence in content.sentences if not is_known or part_of(sentence.text) == "test"]
    if not examples:
        raise CommandFailed(f"{file}: no examples to measure on; give a file with labelled lines")
    judgements: list[Judgement] = []
    if judged.policy:
        judgements = judge(judged.policy, examples, limits, following("deciding"))
    mistakes = [mistake for judgement in judgements for mistake in mistakes_of(judgement)]
    tags: TagReport | None = None
    if judged.tagger and sentences:
        decided = decide_tags(judged.tagger, sentences, following("tagging"))
        tags = tag_report(sentences, decided)
        if not judged.policy:
            pairs = zip(sentences, decided, strict=True)
            mistakes += [m for sentence, of_words in pairs for m in tag_mistakes_of(sentence, of_words, file.stem)]
    found: dict[str, Differences] | None = None
    if judged.policy and others is not None:
        texts = [example.text for example in examples]
        found = stability(judged.policy, texts, limits, others, following("comparing"))
    measurement = Measurement(
        version=judged.version,
        file=file,
        part=part,
        report=report_of(judgements),
        slices=slice_reports(judgements),
        tags=tags,
        stability=found,
        mistakes=tuple(mistakes),
    )
    if not measurement.has_evidence:
        raise CommandFailed(f"{file}: nothing to measure by; give lines with a label, entities, or tags it knows")
    return measurement


def _slice_figures(of_slice: SliceReport) -> dict[str, object]:
    intervals = {SHORT_NAMES[name]: list(interval) for name, interval in of_slice.intervals.items()}
    return {**short_figures(of_slice.report), "intervals": intervals}


def _tag_figures(tags: TagReport | None) -> dict[str, object]:
    names: Sequence[str] = ("n_sentences", "n_words", "token_micro_f1", "token_macro_f1", "token_report")
    names = (*names, "entity_precision", "entity_recall", "entity_f1", "entity_report")
    if tags is None:
        return dict.fromkeys(names)
    entities = tags.entities
    values = (
        tags.n_sentences,
        tags.n_words,
        tags.with_o.micro.f1,
        tags.with_o.macro.f1,
        {
            "tags": {tag: asdict(figures) for tag, figures in tags.tags.items()},
            "with_O": asdict(tags.with_o),
            "without_O": asdict(tags.without_o) if tags.without_o else None,
        },
        entities and entities.precision,
        entities and entities.recall,
        entities and entities.f1,
        {kind: asdict(figures) for kind, figures in tags.entity_types.items()},
    )
    return dict(zip(names, values, strict=True))
