"""A patient's CT as the page shows them: each with what was measured and said of it, and the one before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from twin.store import dossier, measurements, verdicts
from twin.store.measurements import Measured
from twin.store.session import Connection
from twin.store.verdicts import Verdict
from twin.web.dashboard.ct_measured import Told, told
from twin.web.dashboard.ct_words import tissue
from twin.web.measured import Series

CHANGE = {"changed": "changed", "no real change": "no_real_change", "can't tell": "cannot_tell"}  # to words.CHANGE


@dataclass(frozen=True, kw_only=True)
class Lump:
    """What was measured in a flagged region: `sizes` by key, as value, sd and unit; `change` since the earlier CT.

    `why` says why nothing was measured there.
    """

    kind: str | None
    sizes: Mapping[str, Mapping[str, Any]]
    change: Mapping[str, Any] | None
    verdict: str | None
    why: str | None

    @property
    def is_compared(self) -> bool:
        """Return whether the same nodule was found and measured on the earlier CT."""
        return self.change is not None and "absent" not in self.change


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A series with its key slices, what readers say of it (`of_whole`) and of its regions (`of_region`, by rank).

    `told` is what was measured, or `unmeasured` why nothing was. `tissue` names the normal tissue that a region is
    most like: no size is shown there, unless a reader says that it is suspicious.
    """

    study: Row
    slices: Sequence[Row]
    of_whole: Sequence[Verdict]
    of_region: Mapping[int, Sequence[Verdict]]
    is_measured: bool
    told: Told | None
    unmeasured: str | None
    tissue: Mapping[int, str]
    lumps: Mapping[int, Lump]
    prior: "Shown | None"


def shown_studies(connection: Connection, patient_id: str) -> list[Shown]:
    """Return the patient's CT, the newest first, each beside the one it was compared with, or that was made before."""
    made: list[Shown] = []
    measured: list[Series] = []
    for study, slices in reversed(dossier.studies(connection, patient_id)):
        said = verdicts.of_study(connection, study.id)
        of_region: dict[int, list[Verdict]] = {}
        for each in said:
            if each.rank is not None:
                of_region.setdefault(each.rank, []).append(each)
        found = measurements.get(connection, study.id)
        series = _series(study, found)
        made.append(
            Shown(
                study=study, slices=slices, of_whole=[each for each in said if each.rank is None], of_region=of_region,
                is_measured=found is not None, lumps=lumps_of(found), prior=_prior(made, study, found),
                told=told(series, _earlier(series, measured)) if series is not None else None,
                unmeasured=found.refused if found is not None else None, tissue=_tissues(slices, of_region),
            )
        )  # fmt: skip
        if series is not None:
            measured.append(series)
    return made[::-1]


def lumps_of(found: Measured | None) -> dict[int, Lump]:
    """Return what was measured in each region, by its rank; a number that was refused is left out."""
    told = found.body.get("regions", ()) if found is not None else ()
    return {
        each["rank"]: Lump(
            kind=each.get("kind"),
            sizes={row["key"]: row for row in each.get("measurements", ()) if row.get("value") is not None},
            change=each.get("change"),
            verdict=CHANGE.get(str((each.get("change") or {}).get("change"))),
            why=next((row["refused"] for row in each.get("measurements", ()) if row.get("refused")), None),
        )
        for each in told
    }


def _series(study: Row, found: Measured | None) -> Series | None:
    if found is None or found.refused is not None:
        return None
    return Series(
        study_id=study.id, study_uid=study.study_uid, acquired_at=study.acquired_at, described=study.described,
        body=found.body,
    )  # fmt: skip


def _earlier(series: Series | None, measured: Sequence[Series]) -> list[Series]:
    """Return the measured series of earlier examinations, the latest first."""
    return [each for each in reversed(measured) if series is not None and each.is_before(series)]


def _tissues(slices: Sequence[Row], said: Mapping[int, Sequence[Verdict]]) -> dict[int, str]:
    """Return by rank the normal tissue that is most alike, but where a reader calls the region suspicious."""
    found = {}
    for each in slices:
        matches = each.region.get("matches") or ()
        like = tissue(matches[0].get("label")) if matches else None
        if like is not None and not any(one.said == "suspicious" for one in said.get(each.rank, ())):
            found[each.rank] = like
    return found


def _prior(made: Sequence[Shown], study: Row, found: Measured | None) -> Shown | None:
    compared = found.body.get("compared_with") if found is not None else None
    earlier = [each for each in made if each.study.id == compared or _is_before(each.study, study)]
    return next((each for each in earlier if each.study.id == compared), earlier[-1] if earlier else None)


def _is_before(one: Row, other: Row) -> bool:
    """Return whether one was made before the other, as another examination: series of one study are no prior."""
    if one.acquired_at is None or other.acquired_at is None or one.study_uid == other.study_uid:
        return False
    return bool(one.acquired_at < other.acquired_at)
