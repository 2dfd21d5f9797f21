"""The lines of a file of labelled data, and what they are made of. Knows no labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.errors import DataInvalid


@dataclass(frozen=True, slots=True)
class Lines:
    """A text file's lines; the line with index 0 is number 1.

    >>> Lines(Path("a.jsonl"), ('{"text": "FTX halts"}', "")).are_json
    True
    >>> Lines(Path("a.conll"), ("-DOCSTART- -X- O", "", "FTX NNP B-ORG")).are_json
    False
    """

    path: Path
    lines: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> Lines:
        """Return a file's lines; a byte order mark is left out.

        Raises:
            DataInvalid: if it cannot be read, or is not UTF-8; names file and line.
        """
        try:
            raw = path.read_bytes()
        except FileNotFoundError as error:
            raise DataInvalid(f"cannot read {path}: {error.strerror}; point FINSURGE_DATA at the data") from error
        except OSError as error:
            raise DataInvalid(f"cannot read {path}: {error.strerror}; name a file of labelled lines") from error
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            number = raw.count(b"\n", 0, error.start) + 1
            raise DataInvalid(f"{path}:{number}: not UTF-8 ({error.reason}); save the file as UTF-8") from error
        # not str.splitlines: it also cuts at separators that stand inside of words and JSON strings
        return cls(path, tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")))

    @property
    def are_json(self) -> bool:
        """Whether the first line that is not empty looks like a JSON object; otherwise they are columns."""
        first = next((line.strip() for line in self.lines if line.strip()), "")
        return first.startswith('{"') or (first.startswith("{") and first.endswith("}"))

    def error(self, number: int, fault: object) -> DataInvalid:
        """Return the error that names file, line and fault."""
        return DataInvalid(f"{self.path}:{number}: {fault}")
