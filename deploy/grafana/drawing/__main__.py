"""Draws every dashboard: `python -m deploy.grafana.drawing --prometheus URL --pages URL --topic TOPIC`."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from deploy.grafana.drawing.answers import Sources
from deploy.grafana.drawing.asking import Prometheus, Span
from deploy.grafana.drawing.pictures import save_picture

ROOT = Path(__file__).resolve().parents[3]


@click.command()
@click.option(
    "--prometheus", "url", default="http://127.0.0.1:9090", show_default=True, help="That scrapes finsurge."
)
@click.option("--pages", default="http://127.0.0.1:8611", show_default=True, help="Where the exporter answers.")
@click.option("--topic", required=True, help="Of the dashboard Topic.")
@click.option("--minutes", default=10.0, show_default=True, help="That are shown.")
@click.option("--until", type=float, help="Seconds since 1970 at which they end; now if not given.")
@click.option("--scrape", default=15.0, show_default=True, help="Seconds between two scrapes.")
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "docs" / "dashboards", help="Folder.")
@click.argument("names", nargs=-1)
def draw(
    url: str,
    pages: str,
    topic: str,
    minutes: float,
    until: float | None,
    scrape: float,
    out: Path,
    names: tuple[str, ...],
) -> None:
    """Draw the dashboards NAMES, or all, as PNG."""
    ends_s = until or time.time()
    span = Span(ends_s - 60 * minutes, ends_s, scrape_s=scrape)
    sources = Sources(Prometheus(url, {"topic": topic}), pages, span)
    out.mkdir(parents=True, exist_ok=True)
    for file in sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json")):
        if names and file.stem not in names:
            continue
        save_picture(json.loads(file.read_text(encoding="utf-8")), sources, out / f"{file.stem}.png")
        click.echo(out / f"{file.stem}.png")


if __name__ == "__main__":
    draw()
