"""A patient's CT as the page shows them: each with what was said of it, the one before it, and what changed since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Row

from twin.record import ct_change
from twin.store import dossier, measured, verdicts
from twin.store.session import Connection
from twin.store.verdicts import Verdict


@dataclass(frozen=True, kw_only=True)
class Change:
    """One measurement on two CT; `least` is the smallest difference that would be real, None where nobody knows."""

    key: str
    unit: str
    before: float
    after: float
    least: float | None
    verdict: ct_change.Verdict
    scanners: str


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A series with its key slices, what readers say of it (`of_whole`) and of its regions (`of_region`, by rank)."""

    study: Row
    slices: Sequence[Row]
    of_whole: Sequence[Verdict]
    of_region: Mapping[int, Sequence[Verdict]]
    prior: "Shown | None"
    changes: Sequence[Change]
    growth: Sequence[Row]


def shown_studies(connection: Connection, patient_id: str) -> list[Shown]:
    """Return the patient's CT, the newest first, each beside the one made before it."""
    sizes = measured.of_nodules(connection, patient_id)
    made: list[Shown] = []
    for study, slices in reversed(dossier.studies(connection, patient_id)):
        said = verdicts.of_study(connection, study.id)
        of_region: dict[int, list[Verdict]] = {}
        for each in said:
            if each.rank is not None:
                of_region.setdefault(each.rank, []).append(each)
        prior = next((each for each in reversed(made) if _is_before(each.study, study)), None)
        mine = sizes.get(study.id, ())
        made.append(
            Shown(
                study=study, slices=slices, of_whole=[each for each in said if each.rank is None], of_region=of_region,
                prior=prior, changes=changes(sizes.get(prior.study.id, ()) if prior else (), mine),
                growth=[row for row in mine if row.code not in measured.SIZES],
            )
        )  # fmt: skip
    return made[::-1]


def changes(before: Sequence[Row], after: Sequence[Row]) -> list[Change]:
    """Return what can be compared: a size that was measured on exactly one nodule of each CT.

    Where there are several nobody here knows which is which: that is for the measurement of growth to say.
    """
    found = []
    for key in measured.SIZES:
        old, new = ([row for row in rows if row.code == key] for rows in (before, after))
        if len(old) != 1 or len(new) != 1 or old[0].unit != new[0].unit:
            continue
        first, last = float(old[0].value), float(new[0].value)
        least = ct_change.least_real(old[0].sd, new[0].sd)
        scanners = list(dict.fromkeys(row.device for row in (old[0], new[0]) if row.device))
        found.append(
            Change(
                key=key, unit=new[0].unit or "", before=first, after=last, least=least,
                verdict=ct_change.verdict(first, last, least),
                scanners=" → ".join(scanners) if len(scanners) > 1 else "",
            )
        )  # fmt: skip
    return found


def _is_before(one: Row, other: Row) -> bool:
    """Return whether one was made before the other, as another examination: series of one study are no prior."""
    if one.acquired_at is None or other.acquired_at is None or one.study_uid == other.study_uid:
        return False
    return bool(one.acquired_at.date() < other.acquired_at.date())
