"""Lets a thread stand back behind the others of its machine."""

from __future__ import annotations

import contextlib
import os
import threading

_NICENESS = 15


def stand_back() -> None:
    """Run this thread only when the processor has nothing better to do, where the system knows such a thing."""
    with contextlib.suppress(OSError, AttributeError):
        # on Linux a priority is a thread's; elsewhere this would be the whole process's, so it is left alone
        if os.uname().sysname == "Linux":
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
