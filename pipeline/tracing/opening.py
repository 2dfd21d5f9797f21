"""Switches tracing on where the settings ask for it; the one place that is imported when it is off."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from pipeline.settings import Settings, SettingsInvalid

if TYPE_CHECKING:
    from pipeline.tracing.tracing import Tracing


def open_tracing(settings: Settings, process: str) -> Tracing | None:
    """Return what makes spans, or None where no document is traced.

    Spans go by OTLP over HTTP to where OTEL_EXPORTER_OTLP_ENDPOINT says, and the other standard variables hold.

    Args:
        settings: the share of documents that are traced.
        process: a role, or another process's name.

    Raises:
        SettingsInvalid: the packages are not there.
    """
    if not settings.trace_share:
        return None
    if importlib.util.find_spec("opentelemetry") is None:
        raise SettingsInvalid("trace_share needs OpenTelemetry: pip install 'finsurge[otel]'")
    from pipeline.tracing.tracing import new_tracing

    return new_tracing(settings, process)
