"""What became of everything that was read: one fate an item, and the sums."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from twin.importers.base import Outcome, Reject

QUARANTINED = frozenset({"implausible", "bad_unit", "impossible_value"})
"""Reasons that speak of one value, not of the message: the item waits in quarantine and a transaction goes on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """What became of one item."""

    where: str
    kind: str
    resource: str
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What became of everything read; `read` is the sum of the five outcomes, facts are counted apart."""

    import_id: int | None
    facts: int
    patients: tuple[str, ...]
    fates: tuple[Fate, ...]
    rejects: tuple[Reject, ...]

    def count(self, outcome: Outcome) -> int:
        return sum(fate.outcome == outcome for fate in self.fates)

    @property
    def read(self) -> int:
        return len(self.fates)

    @property
    def imported(self) -> int:
        return self.count("imported")

    @property
    def duplicates(self) -> int:
        return self.count("duplicate")

    @property
    def superseded(self) -> int:
        return self.count("superseded")

    @property
    def rejected(self) -> int:
        return self.count("rejected")

    @property
    def not_used(self) -> int:
        return self.count("not_used")

    @property
    def faults(self) -> tuple[Reject, ...]:
        """The rejects that make a transaction fail as a whole."""
        return tuple(reject for reject in self.rejects if reject.reason not in QUARANTINED)

    def to_json(self) -> dict[str, Any]:
        """The form of `twin import --json`, with counts by type."""
        return {
            "read": self.read,
            "imported": self.imported,
            "duplicates": self.duplicates,
            "superseded": self.superseded,
            "rejected": self.rejected,
            "not_used": self.not_used,
            "facts": self.facts,
            "patients": len(self.patients),
            "rejects": [reject.to_json() for reject in self.rejects],
            "notes": [
                {"where": fate.where, "reason": fate.reason}
                for fate in self.fates
                if fate.reason and fate.outcome in ("imported", "duplicate")
            ],
            "by_type": _by_type(self.fates),
        }


def _by_type(fates: tuple[Fate, ...]) -> dict[str, dict[str, int]]:
    counted = Counter((fate.kind, fate.outcome) for fate in fates)
    result: dict[str, dict[str, int]] = {}
    for (kind, outcome), count in sorted(counted.items()):
        result.setdefault(kind, {})[outcome] = count
    return result
