"""`finsurge rebuild` and `finsurge backfill`: what is refused before a broker is asked."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from pipeline.cli import finsurge


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("rebuild --dry-run", "--dry-run needs --out, the folder for what it makes"),
        ("backfill", "name either FILEs or --from-prefix"),
        ("backfill a.jsonl --from-prefix v1-", "name either FILEs or --from-prefix"),
        ("backfill --from-prefix v2-", "--from-prefix must be another deployment's, got this one's: 'v2-'"),
        ("backfill - none.jsonl", "there is no file none.jsonl"),
        ("backfill - --until tomorrow", "must be ISO 8601 with an offset, got 'tomorrow'"),
        (
            "backfill - --until 2026-01-02T03:04:05",
            "must be ISO 8601 with an offset, got '2026-01-02T03:04:05'",
        ),
    ],
)
def test_a_call_that_means_nothing_is_refused(words: str, said: str) -> None:
    ended = CliRunner().invoke(finsurge, words.split(), env={"FINSURGE_TOPIC_PREFIX": "v2-"})
    assert ended.exit_code == 2
    assert said in ended.output
