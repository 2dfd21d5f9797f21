"""How well the language of a text is told: false alarms on English, recall on other languages, time.

    python benchmarks/language.py --data ../shared/data [--json] [--show 20]

False alarms are documents called another language than English; some of them are (German releases, Spanish posts),
so `--show` prints them to be read. Recall is over `tests/models/languages.jsonl`, written for this.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from models.language import ENGLISH, UNDETERMINED, language_of

CASES = Path(__file__).parents[1] / "tests" / "models" / "languages.jsonl"
MAX_STREAM = 5000
"""Documents of each stream, drawn at random with a fixed seed."""


def rows_of(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]


def english_sets(data: Path) -> dict[str, list[str]]:
    found = {
        file.stem: [row["text"] for row in rows_of(file)] for file in sorted((data / "sentiment").glob("*.jsonl"))
    }
    for file in sorted((data / "streams").glob("*.jsonl")):
        if not file.stem.endswith(".events"):
            texts = [row["text"] for row in rows_of(file)]
            found[file.stem] = Random(5).sample(texts, MAX_STREAM)
    return found


def timed(texts: Sequence[str]) -> tuple[list[str], float]:
    started = time.perf_counter()
    languages = [language_of(text) for text in texts]
    return languages, (time.perf_counter() - started) / len(texts) * 1e6


def english_row(name: str, texts: list[str], n_shown: int) -> dict[str, object]:
    languages, microseconds = timed(texts)
    foreign = [
        (language, text)
        for language, text in zip(languages, texts, strict=True)
        if language not in (ENGLISH, UNDETERMINED)
    ]
    for language, text in foreign[:n_shown]:
        print(f"    {language}  {' '.join(text.split())[:110]}")
    return {
        "set": name,
        "n_documents": len(texts),
        "called_foreign": len(foreign) / len(texts),
        "undetermined": languages.count(UNDETERMINED) / len(texts),
        "microseconds": round(microseconds, 1),
    }


def foreign_row() -> dict[str, object]:
    cases = rows_of(CASES)
    languages, microseconds = timed([case["text"] for case in cases])
    told = list(zip(languages, (case["language"] for case in cases), strict=True))
    return {
        "n_documents": len(cases),
        "n_languages": len({expected for _, expected in told}),
        "recall": sum(found not in (ENGLISH, UNDETERMINED) for found, _ in told) / len(told),
        "right_language": sum(found == expected for found, expected in told) / len(told),
        "microseconds": round(microseconds, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--json", action="store_true", help="print the figures as JSON only")
    parser.add_argument("--show", type=int, default=0, help="how many of each set's foreign ones to print")
    arguments = parser.parse_args()
    started = time.perf_counter()
    language_of("Anleger fürchten eine Rezession in der Eurozone")
    load_s = time.perf_counter() - started
    foreign = foreign_row()
    n_shown = 0 if arguments.json else arguments.show
    english = [english_row(name, texts, n_shown) for name, texts in english_sets(arguments.data).items()]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if not arguments.json:
        print(f"{'set':>32} {'documents':>10} {'called foreign':>15} {'undetermined':>13} {'µs each':>8}")
        for row in english:
            print(
                f"{row['set']:>32} {row['n_documents']:>10} {row['called_foreign']:>15.4f} "
                f"{row['undetermined']:>13.4f} {row['microseconds']:>8}"
            )
        print(
            f"{foreign['n_documents']} headlines in {foreign['n_languages']} languages: "
            f"recall {foreign['recall']:.3f}, "
            f"right language {foreign['right_language']:.3f}, {foreign['microseconds']} µs each; "
            f"loading took {load_s:.2f} s, the process {memory:.0f} MB"
        )
    print(
        json.dumps({"foreign": foreign, "english": english, "load_s": round(load_s, 2), "memory_mb": round(memory)})
    )


if __name__ == "__main__":
    main()
