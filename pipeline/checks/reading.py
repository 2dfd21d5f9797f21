"""What reads and links: the device, the policy, the watchlist."""

from __future__ import annotations

import time
from collections.abc import Iterator

from pipeline.checks.check import Check, Level
from pipeline.errors import CommandFailed
from pipeline.settings import Settings

SENTENCE = "Tesla shares plunge after a massive recall"


def check_device(settings: Settings) -> Iterator[Check]:
    """Say where the policy would compute, and in which precision."""
    import torch

    from models.device import device_of, serving_dtype
    from pipeline.reading.device import chosen_device

    try:
        chosen = chosen_device(settings)
    except CommandFailed as reason:
        yield Check("device", Level.FAIL, str(reason))
        return
    device = device_of(chosen)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} threads"
    precision = str(serving_dtype(device)).removeprefix("torch.")
    yield Check("device", Level.OK, f"{device.type}, {name}, {precision}, torch {torch.__version__}")


def check_policy(settings: Settings) -> Iterator[Check]:
    """Say which policy loads, and whether it decides a sentence."""
    from models.errors import CheckpointMismatch
    from pipeline.reading.reader import open_policy

    try:
        policy = open_policy(settings)
        started_s = time.monotonic()
        [action] = policy.decide(policy.tokenize([SENTENCE]))
        taken_ms = (time.monotonic() - started_s) * 1000
    except CheckpointMismatch as reason:
        yield Check("policy", Level.FAIL, f"{reason} (FINSURGE_POLICY={settings.policy})")
        return
    except CommandFailed:
        yield Check("policy", Level.FAIL, "it cannot be tried without its device; see above")
        return
    except RuntimeError as error:  # what torch says of a device it cannot use
        problem = str(error).partition("\n")[0]
        yield Check("policy", Level.FAIL, f"it does not decide: {problem}; try FINSURGE_DEVICE=cpu")
        return
    p_negative = action.sentiment[0]
    decided = f"decides in {taken_ms:.0f} ms, p_negative {p_negative:.2f} of a sentence that is negative"
    level = Level.OK if p_negative == max(action.sentiment) else Level.WARN
    mend = "" if level is Level.OK else "; it may be untrained: see `finsurge evaluate`"
    yield Check("policy", level, f"{policy.version} on {policy.device}, {decided}{mend}")


def check_watchlist(settings: Settings) -> Iterator[Check]:
    """Say whether the watchlist can be used, and how many topics it has."""
    from models.topics.watchlist import WatchlistInvalid
    from pipeline.wiring import open_watchlist

    try:
        watchlist = open_watchlist(settings)
    except WatchlistInvalid as reason:
        yield Check("watchlist", Level.FAIL, f"{reason} (FINSURGE_WATCHLIST={settings.watchlist})")
    else:
        found = f"{settings.watchlist}, {len(watchlist.topics)} topics, version {watchlist.version}"
        yield Check("watchlist", Level.OK, found)
