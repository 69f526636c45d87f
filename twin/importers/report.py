"""What became of everything that was read: the sums, the reasons with their places, and every reject."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from twin.importers.base import Outcome, Reject

QUARANTINED = frozenset({"implausible", "bad_unit", "impossible_value"})
"""Reasons that speak of one value, not of the message: the item waits in quarantine and a transaction goes on."""
TOLD_PLACES = 5  # of each reason; the rest is counted
TOLD_REJECTS = 10_000  # a report is read by people and programs; the quarantine lists all
_OUTCOMES: tuple[Outcome, ...] = ("imported", "duplicate", "superseded", "rejected", "not_used")


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """What became of one item."""

    where: str
    kind: str
    resource: str
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """One reason that was given for an outcome: how often, and the first places."""

    kind: str
    outcome: Outcome
    reason: str
    count: int
    places: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The form of the report."""
        return {
            "kind": self.kind, "outcome": self.outcome, "reason": self.reason, "count": self.count,
            "places": list(self.places),
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What became of everything read; `read` is the sum of the five outcomes, facts are counted apart.

    `fates` tells of each item and is kept only for what a client sent in one request; of a file that may be large the
    sums, the reasons and the rejects are kept.
    """

    import_id: int | None
    facts: int
    patients: tuple[str, ...]
    counts: Mapping[tuple[str, Outcome], int]
    said: tuple[Said, ...] = ()
    rejects: tuple[Reject, ...] = ()
    rejects_left_out: int = 0
    fates: tuple[Fate, ...] = ()
    recalls: tuple[str, ...] = ()
    """Open recalls that rested on a value which this import superseded; they are judged again."""

    def count(self, outcome: Outcome) -> int:
        return sum(count for (_, counted), count in self.counts.items() if counted == outcome)

    @property
    def read(self) -> int:
        return sum(self.counts.values())

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

    @property
    def is_unreadable(self) -> bool:
        """True where nothing could be read at all."""
        return bool(self.counts) and {kind for kind, _ in self.counts} == {"file"}

    def to_json(self) -> dict[str, Any]:
        """The form of `twin import --json`, with counts by type."""
        told: dict[str, Any] = {
            "read": self.read,
            "imported": self.imported,
            "duplicates": self.duplicates,
            "superseded": self.superseded,
            "rejected": self.rejected,
            "not_used": self.not_used,
            "facts": self.facts,
            "patients": len(self.patients),
            "rejects": [reject.to_json() for reject in self.rejects],
            "notes": [each.to_json() for each in self.said if each.outcome in ("imported", "duplicate", "superseded")],
            "not_used_reasons": [each.to_json() for each in self.said if each.outcome == "not_used"],
            "by_type": _by_type(self.counts),
        }
        if self.rejects_left_out:
            told["rejects_left_out"] = self.rejects_left_out
        if self.recalls:
            told["recalls_on_corrected_values"] = list(self.recalls)
        return told


@dataclass(kw_only=True, slots=True)
class Tally:
    """A report in the making, in bounded memory."""

    keeps_fates: bool = False
    facts: int = 0
    patients: set[str] = field(default_factory=set)
    counts: dict[tuple[str, Outcome], int] = field(default_factory=dict)
    said: dict[tuple[str, Outcome, str], tuple[int, list[str]]] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    rejects_left_out: int = 0
    fates: list[Fate] = field(default_factory=list)
    recalls: set[str] = field(default_factory=set)

    def note(self, *, where: str, kind: str, resource: str, outcome: Outcome, reason: str = "") -> None:
        """Count one item; a reason is kept with its first places."""
        self.counts[kind, outcome] = self.counts.get((kind, outcome), 0) + 1
        if reason and outcome != "rejected":
            count, places = self.said.get((kind, outcome, reason), (0, []))
            if len(places) < TOLD_PLACES:
                places.append(where)
            self.said[kind, outcome, reason] = (count + 1, places)
        if self.keeps_fates:
            self.fates.append(Fate(where=where, kind=kind, resource=resource, outcome=outcome, reason=reason))

    def reject(self, reject: Reject, *, kind: str, resource: str) -> None:
        """Count one refused item."""
        self.note(
            where=reject.where, kind=kind, resource=resource, outcome="rejected", reason=reject.to_json()["reason"]
        )
        if len(self.rejects) < TOLD_REJECTS:
            self.rejects.append(reject)
        else:
            self.rejects_left_out += 1

    def add(self, report: Report, *, under: str = "") -> None:
        """Add a part's report; `under` is put before its places."""
        self.facts += report.facts
        self.patients.update(report.patients)
        self.recalls.update(report.recalls)
        self.rejects_left_out += report.rejects_left_out
        for key, count in report.counts.items():
            self.counts[key] = self.counts.get(key, 0) + count
        for each in report.said:
            count, places = self.said.get((each.kind, each.outcome, each.reason), (0, []))
            places = [*places, *(f"{under}{place}" for place in each.places)][:TOLD_PLACES]
            self.said[each.kind, each.outcome, each.reason] = (count + each.count, places)
        for reject in report.rejects:
            if len(self.rejects) < TOLD_REJECTS:
                where = f"{under}{reject.where}"
                self.rejects.append(Reject(where=where, reason=reject.reason, detail=reject.detail))
            else:
                self.rejects_left_out += 1

    def settle(self, kinds: Iterable[tuple[str, Reject]], facts: int) -> None:
        """Count items as imported that were refused at first and could be taken later in the same import."""
        for kind, reject in kinds:
            self.counts[kind, "rejected"] -= 1
            self.counts[kind, "imported"] = self.counts.get((kind, "imported"), 0) + 1
            kept = [
                each
                for each in self.rejects
                if not (each.where.endswith(reject.where) and each.reason == reject.reason)
            ]
            self.rejects_left_out -= len(kept) == len(self.rejects)
            self.rejects = kept
        self.counts = {key: count for key, count in self.counts.items() if count}
        self.facts += facts

    def report(self, import_id: int | None) -> Report:
        """Return what was counted so far."""
        return Report(
            import_id=import_id,
            facts=self.facts,
            patients=tuple(sorted(self.patients)),
            counts=dict(self.counts),
            said=tuple(
                Said(kind=kind, outcome=outcome, reason=reason, count=count, places=tuple(places))
                for (kind, outcome, reason), (count, places) in self.said.items()
            ),
            rejects=tuple(self.rejects),
            rejects_left_out=self.rejects_left_out,
            fates=tuple(self.fates),
            recalls=tuple(sorted(self.recalls)),
        )


def of_fates(import_id: int | None, fates: Iterable[Fate], rejects: Iterable[Reject], **told: Any) -> Report:
    """Return the report of a few items whose fates are known; `told` are the other fields of Report."""
    tally = Tally(keeps_fates=True)
    for fate in fates:
        tally.note(where=fate.where, kind=fate.kind, resource=fate.resource, outcome=fate.outcome, reason=fate.reason)
    made = tally.report(import_id)
    return Report(
        import_id=import_id, facts=told.get("facts", 0), patients=told.get("patients", ()), counts=made.counts,
        said=made.said, rejects=tuple(rejects), fates=made.fates,
    )  # fmt: skip


def from_json(import_id: int | None, told: Mapping[str, Any], patients: Iterable[str] = ()) -> Report:
    """Return the report that `to_json` told, as far as it says; patients are only counted there."""
    said = [*told.get("notes", ()), *told.get("not_used_reasons", ())]
    return Report(
        import_id=import_id,
        facts=int(told.get("facts", 0)),
        patients=tuple(patients),
        counts={
            (kind, outcome): int(by_outcome[outcome])
            for kind, by_outcome in told.get("by_type", {}).items()
            for outcome in _OUTCOMES
            if outcome in by_outcome
        },
        said=tuple(
            Said(kind=s["kind"], outcome=s["outcome"], reason=s["reason"], count=s["count"], places=tuple(s["places"]))
            for s in said
        ),
        rejects=tuple(_reject(each) for each in told.get("rejects", ())),
        rejects_left_out=int(told.get("rejects_left_out", 0)),
        recalls=tuple(told.get("recalls_on_corrected_values", ())),
    )


def _reject(told: Mapping[str, str]) -> Reject:
    reason, _, detail = told["reason"].partition(": ")
    return Reject(where=told["where"], reason=reason, detail=detail)


def _by_type(counts: Mapping[tuple[str, Outcome], int]) -> dict[str, dict[str, int]]:
    result: dict[str, dict[str, int]] = {}
    for (kind, outcome), count in sorted(counts.items()):
        result.setdefault(kind, {})[outcome] = count
    return result
