"""The tables of a cohort, read and checked: `patients.csv`, `visits.csv`, `events.csv` where there, `outcomes.csv`."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from twin.cohort.errors import BadTable
from twin.cohort.spec import Biomarker, Spec

Array = NDArray[np.float64]
Index = NDArray[np.int64]
LARGEST = 1e12  # no measurement in medicine is larger: a slip of the table, and its square has no sum


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column of the visits: which patient (index), when, which value; only where there is one."""

    patient: Index
    time: Array
    value: Array


@dataclass(frozen=True, kw_only=True, slots=True)
class Cohort:
    """A cohort as arrays; patients are indices into `ids`, sorted.

    baseline: (P,) each, NaN where not known. `visits`: every visit, as a column of zeros. `left_out`: what could not be
    used, by reason.
    """

    ids: NDArray[np.object_]
    baseline: dict[str, Array]
    visits: Column
    columns: dict[str, Column]
    diagnoses: dict[str, Array]
    left_out: dict[str, int]

    def index_of(self, table: pd.DataFrame, file: str) -> Index:
        """Return the index of each row's patient (N,).

        Raises:
            BadTable: one of them is not in patients.csv.
        """
        found = pd.Index(self.ids).get_indexer(pd.Index(table["patient_id"].to_numpy(dtype=object)))
        if (found < 0).any():
            raise BadTable(f"{file} row {row_of(table, found < 0)}: this patient is not in patients.csv")
        return np.asarray(found, dtype=np.int64)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcomes:
    """What became of each patient: (P,) by index; time NaN where the endpoint does not concern the patient.

    `left_out`: what of the outcomes could not be used, by reason.
    """

    time: Array
    status: Index
    left_out: dict[str, int]


def read(data: Path, spec: Spec, ids: NDArray[np.object_] | None = None, histories: Path | None = None) -> Cohort:
    """Return the cohort in a folder.

    Args:
        ids: only these patients; all without.
        histories: where there is no `visits.csv` (`events.csv`), a folder of `history_*.csv` (`events_*.csv`): the same
            tables cut at one landmark each, read together.

    Raises:
        BadTable: a file or column is missing, or a cell holds what it can't; the message names file, row and column.
    """
    patients = _table(data / "patients.csv", ["patient_id"])
    if patients["patient_id"].duplicated().any():
        raise BadTable(
            f"patients.csv row {row_of(patients, patients['patient_id'].duplicated())}: a patient for the second time"
        )
    if ids is not None:
        patients = patients[patients["patient_id"].isin(pd.Index(ids))]
    patients = patients.sort_values("patient_id", kind="stable")
    if patients.empty:
        raise BadTable("patients.csv: no patient" + ("" if ids is None else " of those listed"))
    who = pd.Index(patients["patient_id"])
    baseline = {each.column: _numbers(patients, each.column, "patients.csv") for each in spec.baseline}
    left_out: Counter[str] = Counter()
    if ids is not None:
        left_out["patients listed that are not in patients.csv"] = int((~pd.Index(ids).unique().isin(who)).sum())
    visits = _whole(data / "visits.csv", "history_*.csv", histories, ["patient_id", "time"], left_out)
    visits = _of_known(visits, who, "visits of patients that are not in patients.csv", left_out, ids is not None)
    events = _events(data, histories, spec, who, left_out, ids is not None)
    return _cohort(spec, who, baseline, visits, events, left_out)


def outcomes(data: Path, spec: Spec, cohort: Cohort, *, is_part: bool = False) -> Outcomes:
    """Return the outcomes of the specification's endpoint; raises as `read` does.

    Args:
        is_part: only some of the patients were asked for, so outcomes of others are no surprise.
    """
    table = _table(data / "outcomes.csv", ["patient_id", "endpoint", "time", "status"])
    mine = table[table["endpoint"] == spec.endpoint]
    if mine.empty:
        known = ", ".join(sorted(str(name) for name in set(table["endpoint"])))
        raise BadTable(f"outcomes.csv: no endpoint {spec.endpoint!r}; there are {known}")
    if mine["patient_id"].duplicated().any():
        row = row_of(mine, mine["patient_id"].duplicated())
        raise BadTable(f"outcomes.csv row {row}: a second outcome of {spec.endpoint!r} for a patient")
    place = pd.Index(cohort.ids).get_indexer(pd.Index(mine["patient_id"]))
    when, status = _numbers(mine, "time", "outcomes.csv"), _numbers(mine, "status", "outcomes.csv")
    lacking = ~(np.isfinite(when) & np.isfinite(status))
    if lacking.any():
        raise BadTable(f"outcomes.csv row {row_of(mine, lacking)}: an outcome without time or status")
    strange = ~np.isin(status, (0, spec.event, *spec.competing))
    if strange.any():
        raise BadTable(f"outcomes.csv row {row_of(mine, strange)}: a status that is neither 0, the event nor competing")
    time, became = np.full(len(cohort.ids), np.nan), np.zeros(len(cohort.ids), dtype=np.int64)
    here = np.flatnonzero(place >= 0)
    time[place[here]] = when[here]
    became[place[here]] = np.where(status == spec.event, 1, np.where(np.isin(status, spec.competing), 2, 0))[here]
    return Outcomes(time=time, status=became, left_out=_strange(cohort, when, place, is_part))


def _strange(cohort: Cohort, when: Array, place: Index, is_part: bool) -> dict[str, int]:
    """How many outcomes are of nobody, and how many came before anything was known of their patient."""
    first = np.full(len(cohort.ids), np.inf)
    np.minimum.at(first, cohort.visits.patient, cohort.visits.time)
    known = place >= 0
    begins = first[place[known]]
    early = np.isfinite(begins) & (when[known] < begins)
    found = {"patients whose outcome lies before their first visit": int(early.sum())}
    if not is_part:
        found["outcomes of patients that are not in patients.csv"] = int((~known).sum())
    return {reason: count for reason, count in found.items() if count}


def listed(path: Path) -> NDArray[np.object_]:
    """Return the patients listed in a file with a column patient_id; raises as `read` does."""
    return _table(path, ["patient_id"])["patient_id"].to_numpy(dtype=object)


def tasks(path: Path, columns: list[str], numbers: list[str]) -> pd.DataFrame:
    """Return a task file: `columns` must be there, and those of `numbers` hold one in every row; raises as `read`."""
    table = _table(path, columns)
    for name in numbers:
        values = _numbers(table, name, path.name)
        if not np.isfinite(values).all():
            raise BadTable(f"{path.name} row {row_of(table, ~np.isfinite(values))}, {name}: no number")
        table[name] = values
    return table


def row_of(table: pd.DataFrame, wrong: "pd.Series[bool] | NDArray[np.bool_]") -> int:
    """Return the row of the file, its header the first, in which the first wrong one stands."""
    return int(table.index[int(np.argmax(wrong))]) + 2


def _cohort(
    spec: Spec, who: pd.Index, baseline: dict[str, Array], visits: pd.DataFrame, events: pd.DataFrame,
    left_out: Counter[str],
) -> Cohort:  # fmt: skip
    patient = who.get_indexer(pd.Index(visits["patient_id"])).astype(np.int64)
    time = _numbers(visits, "time", "visits.csv")
    timeless = ~np.isfinite(time)
    left_out["visits without a time"] += int(timeless.sum())
    columns = {}
    for name in (*(each.column for each in spec.biomarkers), *spec.states):
        value = _numbers(visits, name, "visits.csv")
        kept = np.isfinite(value) & ~timeless
        biomarker = spec.biomarker(name)
        if biomarker is not None:
            fits = _plausible(biomarker, value)
            left_out[f"{name}: no plausible value"] += int((kept & ~fits).sum())
            kept &= fits
        columns[name] = Column(patient=patient[kept], time=time[kept], value=value[kept])
    days = pd.DataFrame({"patient": patient, "time": time})[~timeless].drop_duplicates()
    diagnoses = {}
    for name in spec.diagnoses:
        mine = events[events["event"] == name]
        first = np.full(len(who), np.inf)
        np.minimum.at(first, who.get_indexer(pd.Index(mine["patient_id"])), _numbers(mine, "time", "events.csv"))
        diagnoses[name] = first
    return Cohort(
        ids=who.to_numpy(dtype=object),
        baseline=baseline,
        visits=Column(
            patient=days["patient"].to_numpy(dtype=np.int64),
            time=days["time"].to_numpy(dtype=np.float64),
            value=np.zeros(len(days)),
        ),
        columns=columns,
        diagnoses=diagnoses,
        left_out={reason: count for reason, count in sorted(left_out.items()) if count},
    )


def _plausible(biomarker: Biomarker, value: Array) -> NDArray[np.bool_]:
    """Which values can be: plausible and on the scale, or what the source writes for "below the floor"."""
    low, high = biomarker.plausible
    floor, below = biomarker.scale.floor, biomarker.scale.below
    is_below = np.zeros(len(value), dtype=bool) if floor is None or below is None else value == below
    raised = value if floor is None else np.where(is_below, floor, value)
    fits = ((value >= low) & (value <= high) | is_below) & (np.abs(value) <= LARGEST)
    return np.asarray(fits & biomarker.scale.holds(raised))


def _events(
    data: Path, histories: Path | None, spec: Spec, who: pd.Index, left_out: Counter[str], is_part: bool
) -> pd.DataFrame:
    if not spec.diagnoses:
        return pd.DataFrame({"patient_id": [], "time": [], "event": []})
    events = _whole(data / "events.csv", "events_*.csv", histories, ["patient_id", "time", "event"], left_out)
    events = _of_known(events, who, "events of patients that are not in patients.csv", left_out, is_part)
    unknown = ~events["event"].isin(spec.diagnoses)
    left_out["events that the specification does not name"] += int(unknown.sum())
    timeless = ~np.isfinite(_numbers(events, "time", "events.csv"))
    left_out["events without a time"] += int(timeless.sum())
    return events[~unknown & ~timeless]


def _whole(path: Path, parts: str, folder: Path | None, needed: list[str], left_out: Counter[str]) -> pd.DataFrame:
    """A table, or where it is not there the union of the parts of it in another folder; a row counts once."""
    found = sorted(folder.glob(parts)) if folder is not None and not path.exists() else []
    if not found:
        table = _table(path, needed)
        twice = table.duplicated()
        left_out[f"rows of {path.name} that stand there twice"] += int(twice.sum())
        return table[~twice]
    return pd.concat([_table(part, needed) for part in found], ignore_index=True).drop_duplicates(ignore_index=True)


def _of_known(table: pd.DataFrame, who: pd.Index, reason: str, left_out: Counter[str], is_part: bool) -> pd.DataFrame:
    known = table["patient_id"].isin(who)
    if not is_part:
        left_out[reason] += int((~known).sum())
    return table[known]


def _table(path: Path, needed: list[str]) -> pd.DataFrame:
    try:
        table = pd.read_csv(
            path,
            dtype={"patient_id": str, "event": str, "endpoint": str, "biomarker": str},
            low_memory=False,
            skip_blank_lines=False,
        )
    except OSError as error:
        raise BadTable(f"{path.name}: {error.strerror or 'cannot be read'}") from error
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise BadTable(f"{path.name}: no CSV table in UTF-8") from error
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes what is too much for row names, and shifts the rest
        raise BadTable(f"{path.name}: rows have more cells than the header has names")
    table = table.dropna(how="all")
    missing = [name for name in needed if name not in table.columns]
    if missing:
        raise BadTable(f"{path.name}: no column {missing[0]!r}")
    if table["patient_id"].isna().any():
        raise BadTable(f"{path.name} row {row_of(table, table['patient_id'].isna())}: no patient_id")
    return table


def _numbers(table: pd.DataFrame, column: str, file: str) -> Array:
    """A column as numbers, NaN where empty."""
    if column not in table.columns:
        raise BadTable(f"{file}: no column {column!r}")
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64)
    wrong = ~np.isfinite(values) & table[column].notna().to_numpy()
    if wrong.any():
        raise BadTable(f"{file} row {row_of(table, wrong)}, {column}: no number")
    return values
