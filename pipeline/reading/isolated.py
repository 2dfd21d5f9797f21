"""The child of `isolation`: answers each line on standard input, a document, with a line on standard output."""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

import msgspec

from pipeline.documents import RawDocument
from pipeline.reading.isolation import Answer, Question, Refusal
from pipeline.reading.reader import Reader
from pipeline.records import encode
from pipeline.rejects import RecordRejected


def serve(reader: Reader, questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the questions end."""
    for line in questions:
        question = msgspec.json.decode(line, type=Question)
        [outcome], _ = reader.read([RawDocument(question.value, question.origin, question.ingested_at)])
        answer: Refusal | Answer
        if isinstance(outcome, RecordRejected):
            answer = Refusal(outcome.reason.value, outcome.detail)
        else:
            answer = Answer(msgspec.Raw(encode(outcome)))
        answers.write(msgspec.json.encode(answer) + b"\n")
        answers.flush()


if __name__ == "__main__":
    from pipeline.logs.setup import set_up_logs
    from pipeline.roles.read import new_reader
    from pipeline.settings import load_settings

    settings = load_settings(os.environ)
    set_up_logs(settings, "read-one-by-one")
    serve(new_reader(settings, None), sys.stdin.buffer, sys.stdout.buffer)
