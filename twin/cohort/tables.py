"""The tables of a cohort, read and checked: `patients.csv`, `visits.csv`, `events.csv` where there, `outcomes.csv`."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from twin.cohort.errors import BadTable
from twin.cohort.spec import Spec

Array = NDArray[np.float64]
Index = NDArray[np.int64]


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

    def index_of(self, ids: NDArray[np.object_], file: str) -> Index:
        """Return the indices of patients (N,).

        Raises:
            BadTable: one of them is not in patients.csv.
        """
        found = pd.Index(self.ids).get_indexer(pd.Index(ids))
        if (found < 0).any():
            raise BadTable(f"{file} row {int(np.argmax(found < 0)) + 2}: this patient is not in patients.csv")
        return np.asarray(found, dtype=np.int64)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcomes:
    """What became of each patient: (P,) by index; time NaN where the endpoint does not concern the patient."""

    time: Array
    status: Index


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
        row = int(np.argmax(patients["patient_id"].duplicated())) + 2
        raise BadTable(f"patients.csv row {row}: a patient for the second time")
    if ids is not None:
        patients = patients[patients["patient_id"].isin(pd.Index(ids))]
    patients = patients.sort_values("patient_id", kind="stable")
    if patients.empty:
        raise BadTable("patients.csv: no patient" + ("" if ids is None else " of those listed"))
    who = pd.Index(patients["patient_id"])
    baseline = {each.column: _numbers(patients, each.column, "patients.csv") for each in spec.baseline}
    left_out: Counter[str] = Counter()
    visits = _whole(data / "visits.csv", "history_*.csv", histories, ["patient_id", "time"])
    visits = _of_known(visits, who, "visits of patients that are not in patients.csv", left_out, ids is not None)
    events = _events(data, histories, spec, who, left_out, ids is not None)
    return _cohort(spec, who, baseline, visits, events, left_out)


def outcomes(data: Path, spec: Spec, cohort: Cohort) -> Outcomes:
    """Return the outcomes of the specification's endpoint; raises as `read` does."""
    table = _table(data / "outcomes.csv", ["patient_id", "endpoint", "time", "status"])
    mine = table[table["endpoint"] == spec.endpoint]
    if mine.empty:
        known = ", ".join(sorted(str(name) for name in set(table["endpoint"])))
        raise BadTable(f"outcomes.csv: no endpoint {spec.endpoint!r}; there are {known}")
    if mine["patient_id"].duplicated().any():
        raise BadTable(f"outcomes.csv: a patient with two outcomes of {spec.endpoint!r}")
    place = pd.Index(cohort.ids).get_indexer(pd.Index(mine["patient_id"]))
    when, status = _numbers(mine, "time", "outcomes.csv"), _numbers(mine, "status", "outcomes.csv")
    if not (np.isfinite(when).all() and np.isfinite(status).all()):
        raise BadTable("outcomes.csv: an outcome without time or status")
    strange = ~np.isin(status, (0, spec.event, *spec.competing))
    if strange.any():
        row = int(mine.index[int(np.argmax(strange))]) + 2
        raise BadTable(f"outcomes.csv row {row}: a status that is neither 0, the event nor competing")
    time, became = np.full(len(cohort.ids), np.nan), np.zeros(len(cohort.ids), dtype=np.int64)
    here = np.flatnonzero(place >= 0)
    time[place[here]] = when[here]
    became[place[here]] = np.where(status == spec.event, 1, np.where(np.isin(status, spec.competing), 2, 0))[here]
    return Outcomes(time=time, status=became)


def listed(path: Path) -> NDArray[np.object_]:
    """Return the patients listed in a file with a column patient_id; raises as `read` does."""
    return _table(path, ["patient_id"])["patient_id"].to_numpy(dtype=object)


def tasks(path: Path, columns: list[str], numbers: list[str]) -> pd.DataFrame:
    """Return a task file: `columns` must be there, and those of `numbers` hold one in every row; raises as `read`."""
    table = _table(path, columns)
    for name in numbers:
        values = _numbers(table, name, path.name)
        if not np.isfinite(values).all():
            raise BadTable(f"{path.name} row {int(np.argmax(~np.isfinite(values))) + 2}, {name}: no number")
        table[name] = values
    return table


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
            low, high = biomarker.plausible
            fits = (value >= low) & (value <= high)
            fits[kept & fits] &= biomarker.scale.holds(value[kept & fits])
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


def _events(
    data: Path, histories: Path | None, spec: Spec, who: pd.Index, left_out: Counter[str], is_part: bool
) -> pd.DataFrame:
    if not spec.diagnoses:
        return pd.DataFrame({"patient_id": [], "time": [], "event": []})
    events = _whole(data / "events.csv", "events_*.csv", histories, ["patient_id", "time", "event"])
    events = _of_known(events, who, "events of patients that are not in patients.csv", left_out, is_part)
    unknown = ~events["event"].isin(spec.diagnoses)
    left_out["events that the specification does not name"] += int(unknown.sum())
    timeless = ~np.isfinite(_numbers(events, "time", "events.csv"))
    left_out["events without a time"] += int(timeless.sum())
    return events[~unknown & ~timeless]


def _whole(path: Path, parts: str, folder: Path | None, needed: list[str]) -> pd.DataFrame:
    """A table, or where it is not there the union of the parts of it in another folder."""
    found = sorted(folder.glob(parts)) if folder is not None and not path.exists() else []
    if not found:
        return _table(path, needed)
    return pd.concat([_table(part, needed) for part in found], ignore_index=True).drop_duplicates(ignore_index=True)


def _of_known(table: pd.DataFrame, who: pd.Index, reason: str, left_out: Counter[str], is_part: bool) -> pd.DataFrame:
    known = table["patient_id"].isin(who)
    if not is_part:
        left_out[reason] += int((~known).sum())
    return table[known]


def _table(path: Path, needed: list[str]) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype={"patient_id": str, "event": str, "endpoint": str, "biomarker": str})
    except OSError as error:
        raise BadTable(f"{path.name}: {error.strerror or 'cannot be read'}") from error
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise BadTable(f"{path.name}: no CSV table in UTF-8") from error
    missing = [name for name in needed if name not in table.columns]
    if missing:
        raise BadTable(f"{path.name}: no column {missing[0]!r}")
    if table["patient_id"].isna().any():
        raise BadTable(f"{path.name} row {int(np.argmax(table['patient_id'].isna())) + 2}: no patient_id")
    return table


def _numbers(table: pd.DataFrame, column: str, file: str) -> Array:
    """A column as numbers, NaN where empty."""
    if column not in table.columns:
        raise BadTable(f"{file}: no column {column!r}")
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64)
    wrong = ~np.isfinite(values) & table[column].notna().to_numpy()
    if wrong.any():
        raise BadTable(f"{file} row {int(table.index[int(np.argmax(wrong))]) + 2}, {column}: no number")
    return values
