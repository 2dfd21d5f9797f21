"""How the threads of a reading process share its time: one stands back, and nobody holds Python's lock for long."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

_NICENESS = 15
_LOCK_S = 0.0005


def hand_over_soon() -> None:
    """Have each thread of this process hand Python's lock over after half a millisecond, not five.

    Deciding takes the lock again after each of some two hundred operations, and waits that long each time while
    another thread makes a policy ready.
    """
    sys.setswitchinterval(_LOCK_S)


def stand_back() -> None:
    """Run this thread only when the processor has nothing better to do, where the system knows such a thing."""
    with contextlib.suppress(OSError, AttributeError):
        # on Linux a priority is a thread's; elsewhere this would be the whole process's, so it is left alone
        if os.uname().sysname == "Linux":
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
