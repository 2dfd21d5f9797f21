"""The demo's own state folder, and the settings by which its processes share nothing with a deployment.

A new demo begins with an empty one; what the last one left stays until then, to be looked at.
"""

from __future__ import annotations

import dataclasses
import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.demo.loop.analysts import ANALYSTS
from pipeline.demo.loop.held_out import write_held_out
from pipeline.demo.texts import Texts
from pipeline.errors import CommandFailed
from pipeline.ports import free_ports
from pipeline.settings import Settings

N_HELD_OUT = 2_520
"""The gate asks for 2,500."""
_N_PORTS = 11
_LOCK_FILE, _ROSTER_FILE, _HELD_OUT_FILE = "lock", "analysts.yaml", "held_out.jsonl"


@contextmanager
def own_folder(state_dir: Path) -> Iterator[Path]:
    """Give the demo's folder, empty, to one demo at a time.

    Raises:
        CommandFailed: another demo runs there.
    """
    home = state_dir / "demo"
    home.mkdir(parents=True, exist_ok=True)
    with (home / _LOCK_FILE).open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            mend = "end it, or set FINSURGE_STATE_DIR to another folder"
            raise CommandFailed(f"another demo runs in {home}: {mend}") from None
        for left in home.iterdir():
            if left.is_dir():
                shutil.rmtree(left)
            elif left.name != _LOCK_FILE:
                left.unlink()
        yield home


def demo_settings(settings: Settings, home: Path) -> Settings:
    """Return the demo's settings: only policy, device and batches are the user's.

    Above all the receivers of alerts are nobody's, and state, ports and registry are the demo's own.
    """
    kept = ("broker", "policy", "device", "max_padded_tokens", "max_batch_documents", "linger_s")
    return dataclasses.replace(
        Settings(),
        **{name: getattr(settings, name) for name in kept},
        state_dir=home.absolute(),
        http_port=free_ports(_N_PORTS),
        analysts=(home / _ROSTER_FILE).absolute(),
        held_out=str((home / _HELD_OUT_FILE).absolute()),
        promotion="auto",
        learner_corrections=140,
        shadow_documents=40,
        canary_documents=20,
        canary_share=0.5,
        log_format="console",  # a person looks into the demo's logs
    )


def furnish(home: Path, texts: Texts, seed: int) -> None:
    """Write what the loop's processes find there: who may correct, and what the gate judges by."""
    roster = "".join(f"  - id: {name}\n" for name in ANALYSTS)
    (home / _ROSTER_FILE).write_text(f"analysts:\n{roster}", encoding="utf-8")
    write_held_out(home / _HELD_OUT_FILE, texts, N_HELD_OUT, seed)
