"""What is wrong with the fields of a rule or of a part of one."""

from __future__ import annotations


class FieldFaults(ValueError):
    """Values that do not fit: all of them, each as field and complaint.

    >>> str(FieldFaults(("min_negative", "must be >= 3, got 2"), ("hold_s", "must be above 0s, got 0s")))
    'min_negative must be >= 3, got 2; hold_s must be above 0s, got 0s'
    """

    def __init__(self, *faults: tuple[str, str]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{name} {complaint}" for name, complaint in faults))
