"""`finsurge detect`: the volume detector over files of counts."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table

from pipeline.errors import CommandFailed

if TYPE_CHECKING:
    from alerts.surges.volume import VolumeConfig

_MAX_SHOWN = 20


@dataclass(frozen=True, slots=True)
class _Detected:
    file: str
    n_rows: int
    n_alerts: int
    n_bad: int


@click.command("detect")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the results.")
@click.option(
    "--return-period",
    "return_period_d",
    type=click.FloatRange(min=0.1),
    help="Days: what comes no oftener than this is a surge [default: 6].",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(folder: Path, out: Path, return_period_d: float | None, as_json: bool) -> None:
    """Find surges in the CSV files of FOLDER, each a series of counts with the columns timestamp and value.

    Writes a file of the same name for each, with timestamp, anomaly_score and alert: a row is scored by itself and
    the rows before it, in [0, 1), and 0.5 or more exactly where a surge begins. Where nobody counted, the value may
    be empty or the row missing.

    Example: finsurge detect counts --out scores
    """
    from alerts.surges.volume import VolumeConfig

    files = sorted(folder.rglob("*.csv"))
    if not files:
        raise CommandFailed(f"no CSV file in {folder}; name a folder with files that have timestamp and value")
    if out.resolve() == folder.resolve():
        raise CommandFailed(f"--out must be another folder than {folder}, whose files would be overwritten")
    config = VolumeConfig() if return_period_d is None else VolumeConfig(return_period_s=return_period_d * 86_400)
    console = Console(stderr=True)
    found = [
        _detect(file, out / file.relative_to(folder), config)
        for file in track(files, "detecting", console=console, disable=not console.is_terminal)
    ]
    if as_json:
        click.echo(json.dumps({"files": [asdict(each) for each in found], "out": str(out)}))
        return
    table = Table("file", "rows", "alerts", "bad rows")
    for each in found:
        table.add_row(each.file, f"{each.n_rows:,}", f"{each.n_alerts:,}", f"{each.n_bad:,}")
    Console().print(table)


def _detect(file: Path, to: Path, config: VolumeConfig) -> _Detected:
    from pipeline.replay.counts import read_counts, scored, write_scores

    n_bad = 0

    def reject(line: int, reason: str) -> None:
        nonlocal n_bad
        n_bad += 1
        if n_bad <= _MAX_SHOWN:
            click.echo(f"{file}:{line}: {reason}", err=True)

    rows = read_counts(file, reject)
    n_rows, n_alerts = write_scores(to, scored(rows, config, reject))
    if n_bad > _MAX_SHOWN:
        click.echo(f"{file}: {n_bad - _MAX_SHOWN:,} more bad rows", err=True)
    return _Detected(file.name, n_rows, n_alerts, n_bad)
