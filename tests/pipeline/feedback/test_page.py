"""The examples of docs/corrections.md are what they say."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipeline.feedback.check import parse_correction
from pipeline.feedback.records import ReviewDrawn, ReviewEnded, ReviewRecord, RoundRecord
from pipeline.feedback.roster import load_roster
from pipeline.feedback.round_record import record_of, round_of
from pipeline.rejects import RecordRejected, RejectReason
from rl.reward import reward_of

PAGE = (Path(__file__).parents[3] / "docs" / "corrections.md").read_text(encoding="utf-8")
NOW = datetime(2026, 1, 3, tzinfo=UTC)


def examples(kind: str) -> list[str]:
    found = re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found, f"the page has no example of {kind}"
    return found


def test_its_corrections_are_taken() -> None:
    taken = [parse_correction(value.encode(), NOW) for value in examples("json correction")]
    assert [correction.verdict.value for correction in taken] == ["correct", "confirm"]


def test_what_it_calls_rejected_is_rejected_for_the_reason_it_names() -> None:
    [block] = examples("json rejected")
    for reason, value in json.loads(block).items():
        with pytest.raises(RecordRejected) as caught:
            parse_correction(json.dumps(value).encode(), NOW)
        assert caught.value.reason is RejectReason(reason)


def test_its_reviews_are_reviews() -> None:
    kind: Any = ReviewRecord
    drawn, ended = (msgspec.json.decode(value, type=kind) for value in examples("json review"))
    assert isinstance(drawn, ReviewDrawn)
    assert isinstance(ended, ReviewEnded)
    assert drawn.p_review == pytest.approx(sum(drawn.parts.values()))


def test_its_round_is_a_round_with_the_reward_that_it_names() -> None:
    [value] = examples("json round")
    record = msgspec.json.decode(value, type=RoundRecord)
    answered = round_of(record)
    assert record_of(answered, record.trace) == record
    assert answered.right is not None
    assert reward_of(answered.served, answered.right) == record.reward


def test_its_file_of_analysts_can_be_read(tmp_path: Path) -> None:
    [value] = examples("yaml analysts")
    file = tmp_path / "analysts.yaml"
    file.write_text(value)
    assert [(analyst.id, analyst.may_release) for analyst in load_roster(file)] == [("ada", False), ("bob", True)]


def test_it_names_every_setting_that_it_is_about() -> None:
    from pipeline.settings import described

    about = [
        variable for variable, _, _ in described() if re.search(r"ANALYSTS|SENSITIVE|CORRECTION_|REVIEW", variable)
    ]
    assert [variable for variable in about if variable not in PAGE] == []
