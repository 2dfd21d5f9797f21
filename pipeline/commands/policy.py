"""`finsurge policy`: which versions there are, how they differ, which one serves, and having another one serve."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.policies.changes import Author
    from pipeline.policies.desk import Make, PolicyDesk

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
_BY = click.option("--by", default=getpass.getuser, help="Who does it; the user's name if not given.")


@click.group("policy")
def command() -> None:
    """Look at versions of the policy, judge them, have one serve, or bring the one before back.

    Example: finsurge policy list
    """


@command.command("keys")
@click.argument("folder", type=click.Path(path_type=Path))
def keys(folder: Path) -> None:
    """Make a key pair: releases are signed with the private one, workers check them with the public one.

    Example: finsurge policy keys keys/
    """
    from pipeline.policies.keys import make_pair

    private, public = make_pair(folder)
    click.echo(f"FINSURGE_POLICY_PRIVATE_KEY={private}  (of those who promote, and nobody else)")
    click.echo(f"FINSURGE_POLICY_PUBLIC_KEY={public}  (of every worker)")


@command.command("list")
@_AS_JSON
@click.pass_obj
def list_versions(settings: Settings, as_json: bool) -> None:
    """List every version, and what each is for now.

    Example: finsurge policy list --json
    """
    from pipeline.policies.view import version_rows, versions_table

    desk = _desk(settings)
    board = desk.board()
    serving = desk.serving(board)
    if as_json:
        rows = version_rows(board, serving)
        click.echo(json.dumps({"generation": board.generation, "serving": serving, "versions": rows}, indent=2))
        return
    Console().print(versions_table(board, serving))


@command.command("put")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@_BY
@click.pass_obj
def put(settings: Settings, folder: Path, by: str) -> None:
    """Store a trained policy's FOLDER in the registry, and make its version known.

    Example: finsurge policy put runs/first/policy
    """
    click.echo(_desk(settings).put(folder, _author(by)))


@command.command("show")
@click.argument("policy")
@_AS_JSON
@click.pass_obj
def show(settings: Settings, policy: str, as_json: bool) -> None:
    """Tell what a POLICY (a version, a folder, or `shipped`) is made of, and how good it was found to be.

    Example: finsurge policy show shipped
    """
    import msgspec

    from models.checkpoint import read_manifest
    from pipeline.policies.view import manifest_table

    desk = _desk(settings)
    board = desk.board()
    manifest = read_manifest(desk.folder_of(policy, board))
    release = board.versions.get(manifest.version)
    if as_json:
        shown = {"manifest": msgspec.to_builtins(manifest), "release": msgspec.to_builtins(release)}
        click.echo(json.dumps(shown, indent=2))
        return
    Console().print(manifest_table(manifest, release))


@command.command("diff")
@click.argument("left")
@click.argument("right")
@click.option("--file", type=click.Path(path_type=Path), help="Labelled or not: its texts are decided by both.")
@_AS_JSON
@click.pass_obj
def diff(settings: Settings, left: str, right: str, file: Path | None, as_json: bool) -> None:
    """Tell how two policies differ: their figures, and what they decide differently on the texts of a file.

    Example: finsurge policy diff shipped p-1a2b3c4d --file texts.jsonl
    """
    from models.labelled.datasets import read_examples
    from models.policy import Policy
    from pipeline.learning.judged import served_limits
    from pipeline.policies.difference import difference_of
    from pipeline.policies.view import difference_table
    from pipeline.reading.device import chosen_device

    desk = _desk(settings)
    board = desk.board()
    device = chosen_device(settings)
    one, other = (Policy.load(desk.folder_of(name, board), device) for name in (left, right))
    texts = [example.text for example in read_examples(file)] if file else []
    difference = difference_of(one, other, texts, served_limits(settings))
    figures = (one.manifest.metrics, other.manifest.metrics)
    metrics = {name: (figures[0].get(name), figures[1].get(name)) for name in sorted({*figures[0], *figures[1]})}
    if as_json:
        click.echo(json.dumps({**difference.to_dict(), "metrics": metrics}, indent=2))
        return
    Console().print(difference_table(difference, metrics))
    for example in difference.examples:
        click.echo(f"{example.left} → {example.right}: {example.text[:120]}")


@command.command("gate")
@click.argument("candidate")
@click.option(
    "--held-out",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Labelled file; FINSURGE_HELD_OUT if not given.",
)
@click.option(
    "--anchor", default="shipped", show_default=True, help="Policy that small losses must not lead away from."
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder of the report; in the state folder if not given."
)
@_BY
@_AS_JSON
@click.pass_obj
def gate(
    settings: Settings,
    candidate: str,
    held_out: tuple[Path, ...],
    anchor: str,
    out: Path | None,
    by: str,
    as_json: bool,
) -> None:
    """Ask whether a CANDIDATE may take the serving policy's place, and write a page that says why.

    Exit code: 0 if it may, 1 if not.

    Example: finsurge policy gate p-1a2b3c4d --held-out labelled.jsonl
    """
    from pipeline.learning.evaluation_view import EvaluationView
    from pipeline.learning.judged import served_limits
    from pipeline.policies.changes import judged
    from pipeline.policies.gating import PAGE_FILE, Contest, hold
    from pipeline.policies.release import GateSummary
    from pipeline.reading.device import chosen_device
    from rl.gate.words import answer_of

    desk = _desk(settings)
    board = desk.board()
    author = _author(by)
    folder = desk.folder_of(candidate, board)
    out = out or settings.state_dir / "gate" / folder.name
    contest = Contest(
        candidate=folder,
        serving=desk.folder_of(desk.serving(board), board),
        anchor=desk.folder_of(anchor, board),
        files=held_out or settings.held_out_files,
    )
    with EvaluationView(Console(stderr=True)) as view:
        report = hold(
            contest,
            settings.state_dir / "gate" / "ledger.jsonl",
            out,
            now=author.at,
            device=chosen_device(settings),
            limits=served_limits(settings),
            following=view.following,
        )
    page = out / PAGE_FILE
    if report.question.candidate in board.versions:
        summary = GateSummary.of(report, str(page.absolute()))
        desk.change(lambda latest: judged(latest, report.question.candidate, summary, author))
    if as_json:
        click.echo(report.to_json().decode())
    else:
        click.echo(f"{answer_of(report)}\nthe page: {page}")
    raise SystemExit(0 if report.is_promoted else 1)


@command.command("shadow")
@click.argument("version")
@click.option("--share", default=1.0, show_default=True, help="Of the documents, in [0, 1]; 0 ends it.")
@_BY
@click.pass_obj
def shadow(settings: Settings, version: str, share: float, by: str) -> None:
    """Have a VERSION decide in parallel: logged on `shadows`, and not served.

    Example: finsurge policy shadow p-1a2b3c4d
    """
    from pipeline.policies.changes import shadowed

    _check_share(share)
    _change(settings, lambda board: shadowed(board, version, _author(by), share=share))


@command.command("canary")
@click.argument("version")
@click.option("--share", default=0.05, show_default=True, help="Of the documents, in [0, 1]; 0 ends it.")
@click.option("--negative-ratio", default=1.0, show_default=True, help="Of its negatives to the first policy's.")
@_BY
@click.pass_obj
def canary(settings: Settings, version: str, share: float, negative_ratio: float, by: str) -> None:
    """Have a VERSION serve a share of the documents.

    Example: finsurge policy canary p-1a2b3c4d --share 0.05
    """
    from pipeline.policies.changes import canaried

    _check_share(share)
    _change(settings, lambda b: canaried(b, version, _author(by), share=share, negative_ratio=negative_ratio))


@command.command("promote")
@click.argument("version")
@click.option("--force", metavar="REASON", help="Whatever the gate said; the reason is kept.")
@click.option("--negative-ratio", default=1.0, show_default=True, help="Of its negatives to the first policy's.")
@_BY
@click.pass_obj
def promote(settings: Settings, version: str, force: str | None, negative_ratio: float, by: str) -> None:
    """Have a VERSION serve; the one before it reads along for a while.

    Example: finsurge policy promote p-1a2b3c4d
    """
    from pipeline.policies.changes import promoted

    desk = _desk(settings)
    author = _author(by, force or "")
    desk.put_default(author)  # so that it can be watched, and come back
    serving = desk.serving(desk.board())
    _change(
        settings,
        lambda board: promoted(
            board, version, author, serving=serving, negative_ratio=negative_ratio, is_forced=force is not None
        ),
    )


@command.command("rollback")
@click.option("--reason", default="", help="Why; it is kept.")
@_BY
@click.pass_obj
def rollback(settings: Settings, reason: str, by: str) -> None:
    """Have the version serve again that did before the current one.

    Example: finsurge policy rollback --reason "too many false alarms"
    """
    from pipeline.policies.changes import rolled_back

    _change(settings, lambda board: rolled_back(board, _author(by, reason)))


def _change(settings: Settings, make: Make) -> None:
    for release in _desk(settings).change(make):
        share = "" if release.share == 1.0 else f", share {release.share:g}"
        click.echo(f"generation {release.generation}: {release.channel.value} {release.version}{share}")


def _check_share(share: float) -> None:
    if not 0 <= share <= 1:
        raise click.BadParameter(f"must be in [0, 1], got {share:g}", param_hint="--share")


def _desk(settings: Settings) -> PolicyDesk:
    from pipeline.policies.desk import PolicyDesk

    return PolicyDesk(settings)


def _author(by: str, reason: str = "") -> Author:
    from pipeline.policies.changes import Author

    return Author(by, datetime.now(UTC), reason)
