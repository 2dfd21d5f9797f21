"""Looks at everything a worker needs, in the order in which one would mend it.

Owns the list of checks; what each looks at is in `pipeline/checks/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.checks.check import Check, Examine, Level
from pipeline.checks.feedback import check_analysts, check_sensitive_topics
from pipeline.checks.kafka import check_kafka
from pipeline.checks.machine import check_clock, check_faust, check_java, check_ports, check_python, check_state_dir
from pipeline.checks.reading import check_device, check_policy, check_watchlist
from pipeline.checks.receivers import check_receivers
from pipeline.checks.rules import check_rules
from pipeline.settings import Settings

EXAMINED: Sequence[Examine] = (
    check_python,
    check_faust,
    check_clock,
    check_state_dir,
    check_watchlist,
    check_rules,
    check_analysts,
    check_sensitive_topics,
    check_device,
    check_policy,
    check_java,
    check_kafka,
    check_ports,
    check_receivers,
)


def examine(settings: Settings, examined: Sequence[Examine] = EXAMINED) -> Iterator[Check]:
    """Yield one check after the other; a package that cannot be imported fails its own check alone.

    >>> def nothing_there(_settings: Settings) -> Iterator[Check]:
    ...     import no_such_package
    ...     yield Check("never", Level.OK, "reached")
    >>> for check in examine(Settings(), [nothing_there]):
    ...     print(check.level, check.said)
    fail no_such_package cannot be imported: No module named 'no_such_package'; run `make setup` again
    """
    for look in examined:
        try:
            yield from look(settings)
        except ImportError as error:
            name = look.__name__.removeprefix("check_")
            said = f"{error.name or 'a package'} cannot be imported: {error}; run `make setup` again"
            yield Check(name, Level.FAIL, said)
