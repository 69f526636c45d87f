"""What stands where a number or a mask would be, when there is none."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Absent:
    """There is nothing to give, and why: a sentence that a person understands, without the patient's identity."""

    reason: str
