"""How does the JSON API tell what was measured in a CT series?"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from twin.store import measurements, studies
from twin.store.measurements import Measured
from twin.store.session import Connection
from twin.store.studies import Study
from twin.web.measured import Number, Series, numbers
from twin.web.study_schemas import MeasureChange, RegionMeasured, StudyMeasure, StudyMeasured


def told_measured(connection: Connection, study_id: int) -> StudyMeasured | None:
    """Return what a series gave, each number beside the patient's earlier CT; None where it was not measured yet."""
    study, found = studies.get(connection, study_id), measurements.get(connection, study_id)
    if study is None or found is None:
        return None
    body, fitness = found.body, found.body.get("fitness") or {}
    earlier = [each for each in _earlier(connection, study) if each is not None]
    return StudyMeasured(
        version=found.version, measured_at=found.measured_at, refused=found.refused,
        contrast=fitness.get("contrast"), unfit=fitness.get("unfit") or {}, cautions=fitness.get("cautions") or {},
        measurements=[_measure(each) for each in numbers(_series(study, found), earlier)],
        regions=[_region(each) for each in body.get("regions", ())], not_looked_for=body.get("not_looked_for") or {},
        compared_with=body.get("compared_with"),
    )  # fmt: skip


def _earlier(connection: Connection, study: Study) -> list[Series | None]:
    rows = ((studies.get(connection, each), measurements.get(connection, each))
            for each in measurements.earlier(connection, study, limit=10))  # fmt: skip
    return [_series(one, found) if one is not None and found is not None else None for one, found in rows]


def _series(study: Study, found: Measured) -> Series:
    return Series(
        study_id=study.id, study_uid=study.study_uid, acquired_at=study.acquired_at, described=study.described,
        body=found.body,
    )  # fmt: skip


def _region(told: Mapping[str, Any]) -> RegionMeasured:
    rows = [_measure(Number(row=row, change=None)) for row in told.get("measurements", ())]
    return RegionMeasured(rank=told["rank"], kind=told.get("kind"), measurements=rows, change=told.get("change"))


def _measure(one: Number) -> StudyMeasure:
    row = one.row
    return StudyMeasure(
        key=row["key"], level=row.get("level"), value=row.get("value"), sd=row.get("sd"), unit=row["unit"],
        refused=row.get("refused"), method=row["method"], source=row.get("source", ""), caution=row.get("caution"),
        change=MeasureChange(**asdict(one.change)) if one.change is not None else None,
    )  # fmt: skip
