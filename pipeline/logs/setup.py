"""Has a process log in the format and from the level that the settings name, its libraries too."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable
from types import TracebackType
from typing import TextIO

from pipeline.logs.flood import FloodFilter
from pipeline.logs.formats import ConsoleFormat, EventFormat, JsonFormat, TraceIds
from pipeline.logs.secrets import Secrets
from pipeline.settings import Settings, all_settings

OURS = ("finsurge", "pipeline", "rl", "alerts", "models")
"""Loggers that the level is of; libraries log warnings and errors."""

log = logging.getLogger(__name__)
_secrets = Secrets(())


def set_up_logs(
    settings: Settings, process: str, stream: TextIO | None = None, trace_ids: TraceIds = dict
) -> logging.Handler:
    """Have everything that is logged go to standard error (or to `stream`), and return the handler.

    Args:
        settings: level, format, and secrets to hide.
        process: its name in every line.
        stream: where to.
        trace_ids: tells the current span.
    """
    hide(secrets_of(settings))
    output = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(output)
    handler.addFilter(FloodFilter())
    handler.setFormatter(_format(settings, output)(process, _secrets, trace_ids))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    root.setLevel(max(level, logging.WARNING))
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(True)
    sys.excepthook = _log_bug
    return handler


def adopt_libraries() -> None:
    """Have libraries that have brought handlers of their own log as all others do; to be called once they are loaded.

    A logger that keeps its events to itself on purpose has no handler, and stays as it is.
    """
    for logger in list(logging.Logger.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger) and any(_writes(handler) for handler in logger.handlers):
            logger.handlers.clear()
            logger.propagate = True


def secrets_of(settings: Settings) -> list[str]:
    """Return the values that no log line may hold."""
    values = [getattr(settings, each.name) for each in all_settings() if each.is_secret]
    return [value for value in values if value]


def hide(secrets: Iterable[str]) -> None:
    """Keep these out of every line that this process logs from now on."""
    _secrets.add(secrets)


def _format(settings: Settings, output: TextIO) -> type[EventFormat]:
    is_console = settings.log_format == "console" or (settings.log_format == "auto" and output.isatty())
    return ConsoleFormat if is_console else JsonFormat


def _writes(handler: logging.Handler) -> bool:
    return isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler)


def _log_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    log.critical("process %d ends by an error that nobody expected", os.getpid(), exc_info=(kind, error, trace))
