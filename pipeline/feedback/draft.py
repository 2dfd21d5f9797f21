"""Makes corrections out of what a person typed, or of a line of a file that leaves out what goes without saying.

What is made is not checked here: `preview.py` does, as the join will.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, get_args

import msgspec

from pipeline.feedback.records import SentimentName
from pipeline.records import SCHEMA
from pipeline.rejects import RecordRejected, RejectReason

_PLACE = re.compile(r"([0-9]+):([0-9]+)")
_SENTIMENTS = get_args(SentimentName)


@dataclass(frozen=True, slots=True)
class Draft:
    """Fills in what goes without saying.

    >>> at = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> value = Draft("ada", at).of_line({"document_id": "d-1", "verdict": "confirm"})
    >>> msgspec.json.decode(value)["analyst"], msgspec.json.decode(value)["corrected_at"]
    ('ada', '2026-01-02T12:00:00Z')
    """

    analyst: str | None  # who corrects; None: each line says so
    now: datetime

    def of_line(self, line: Mapping[str, Any], salt: str = "") -> bytes:
        """Return the correction that a JSON object asks for.

        Without an id it gets one made of all that it says and of the time, so that a line with `corrected_at` has the
        same id whenever it is sent.

        Args:
            line: fields of a correction; schema, id, analyst and corrected_at may be left out.
            salt: tells lines apart that say the same at the same time.

        Raises:
            RecordRejected: nobody is named.
        """
        fields = dict(line)
        if not fields.get("analyst") and self.analyst is None:
            raise RecordRejected(RejectReason.MISSING_FIELD, "analyst is missing; say it in the line, or with --as")
        fields.setdefault("schema", SCHEMA)
        if not fields.get("analyst"):
            fields["analyst"] = self.analyst
        if not fields.get("corrected_at"):
            fields["corrected_at"] = self.now
        else:
            salt = ""
        if not fields.get("id"):
            told = msgspec.json.encode([fields, salt], order="deterministic")
            fields["id"] = f"c-{blake2b(told, digest_size=8).hexdigest()}"
        return msgspec.json.encode(fields)


def labels_of(
    sentiment: str | None, mentions: Sequence[str], *, is_complete: bool, is_everywhere: bool
) -> dict[str, Any]:
    """Return the labels that options say.

    >>> labels_of("negative", ["Tesla=negative"], is_complete=True, is_everywhere=False)["mentions"]
    [{'surface': 'Tesla', 'sentiment': 'negative'}]

    Args:
        sentiment: of the document.
        mentions: `NAME`, `NAME=SENTIMENT` or `START:END=SENTIMENT` each.
        is_complete: nothing else is a mention.
        is_everywhere: names are meant wherever they stand.

    Raises:
        ValueError: a mention cannot be read.
    """
    told = [_mention(mention, is_everywhere=is_everywhere) for mention in mentions]
    labels = {"sentiment": sentiment, "mentions": told or None, "are_mentions_complete": is_complete or None}
    return {name: value for name, value in labels.items() if value is not None}


def _mention(option: str, *, is_everywhere: bool) -> dict[str, Any]:
    surface, equals, sentiment = option.rpartition("=")
    if not equals:
        surface, sentiment = option, ""
    elif sentiment not in _SENTIMENTS:
        raise ValueError(f"must end with ={', ='.join(_SENTIMENTS)}, or name a mention alone, got {option!r}")
    if not surface.strip():
        raise ValueError(f"must name a mention before the =, got {option!r}")
    told: dict[str, Any] = {"sentiment": sentiment} if sentiment else {}
    if place := _PLACE.fullmatch(surface):
        return {"start": int(place[1]), "end": int(place[2]), **told}
    return {"surface": surface, **told, **({"is_everywhere": True} if is_everywhere else {})}
