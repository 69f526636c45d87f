"""A site's own record as a cohort: what is fitted on its tables is served to its patients with the same digits."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from tests.unit.cohort.drawn_clinic import WRITTEN, people
from tests.unit.forecast.timelines import NOW, ago, fact, timeline
from twin.cohort import exporting, fitted, fitting, predicting, spec, tables
from twin.cohort.errors import BadSpec
from twin.cohort.record import WATCHED_FOR, Member, cohort_of_one, members
from twin.forecast import calibrate, model_file
from twin.models.predicting import cohort_risk
from twin.models.serving import Raw
from twin.record.fact import Absent
from twin.record.timeline import Timeline


@pytest.fixture(scope="module")
def clinic() -> list[Timeline]:
    return people(200)


@pytest.fixture(scope="module")
def data(clinic: list[Timeline], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("clinic")
    exporting.export(spec.of(WRITTEN), clinic, out)
    return out


@pytest.fixture(scope="module")
def model(data: Path) -> model_file.ModelFile:
    asked = spec.of(WRITTEN)
    made = fitting.fit(asked, data, None, date(2026, 11, 22))
    fitted.save(made.fitted, made.card, data / "local.model", date(2026, 11, 22))
    return model_file.load(data / "local.model")


def test_every_patient_is_in_the_tables_or_counted_by_reason(clinic: list[Timeline], tmp_path: Path) -> None:
    told = exporting.export(spec.of(WRITTEN), clinic, tmp_path)
    became = pd.read_csv(tmp_path / "outcomes.csv")
    assert told["patients"] + sum(told["left_out"].values()) == len(clinic)
    assert told["left_out"] == {"no reading of any biomarker": 20}
    assert (
        told["events"]
        == (became.status == 1).sum()
        == sum(each.died_at is not None for each in clinic) - sum(each.died_at is not None for each in clinic[9::10])
    )
    assert (became.time >= 0).all()
    assert pd.read_csv(tmp_path / "visits.csv").platelets.notna().sum() == told["readings"]


def test_a_patient_is_served_the_digits_of_the_tables(
    clinic: list[Timeline], data: Path, model: model_file.ModelFile
) -> None:
    made = fitted.of_file(model)
    cohort = tables.read(data, made.spec)
    for one in (clinic[0], clinic[8], clinic[31]):
        at = one.facts[-1].observed_at if one.died_at is None else ago(58)
        found = cohort_of_one(made.spec, one, at)
        assert not isinstance(found, Absent)
        asked = pd.DataFrame({"patient_id": one.patient.id, "landmark_time": found[1], "horizon": [1.0, 2.0]})
        whole = predicting.predict_risks(made, cohort, asked)
        said = cohort_risk(model, one, at)
        assert isinstance(said, Raw)
        moved = calibrate.apply_to_curves(calibrate.from_arrays(model.arrays), said.risk[None], said.horizons)[0]
        assert moved == pytest.approx(whole.risk.to_numpy(), rel=1e-9)
        assert said.inputs["platelets: newest"] is not None


def test_what_was_true_later_changes_nothing(clinic: list[Timeline], model: model_file.ModelFile) -> None:
    one, at = clinic[0], ago(40)
    early = replace(one, facts=tuple(each for each in one.facts if each.observed_at <= at))
    whole, cut = cohort_risk(model, one, at), cohort_risk(model, early, at)
    assert isinstance(whole, Raw) and isinstance(cut, Raw)
    assert (whole.risk == cut.risk).all()


def test_a_patient_without_a_reading_gets_the_reason(model: model_file.ModelFile) -> None:
    said = cohort_risk(model, timeline(), NOW)
    assert isinstance(said, Absent) and said.detail == "no reading of any biomarker"


def test_the_dead_are_watched_no_longer_than_the_living(clinic: list[Timeline]) -> None:
    one = next(each for each in clinic if each.died_at is not None and each.series("platelets"))
    living = replace(one, facts=tuple(each for each in one.facts if each.kind != "death"))
    late = replace(one, facts=(*living.facts, fact(99, "death", ago(0.1), kind="death", signal=None)))
    (seen_to_die, alive, dead_long_after) = members(spec.of(WRITTEN), (one, living, late))
    assert isinstance(seen_to_die, Member) and isinstance(alive, Member) and isinstance(dead_long_after, Member)
    assert seen_to_die.status == 1
    last = max(when for when, _, _ in alive.readings)
    assert (dead_long_after.end, dead_long_after.status) == (alive.end, alive.status)
    assert alive.status == 0 and alive.end == pytest.approx(last + WATCHED_FOR, abs=1.0)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"biomarkers": {"x": {"scale": "log"}}}, "biomarkers.x: a signal"),
        ({"biomarkers": {"x": {"scale": "log", "signal": "platelets", "unit": "kg"}}}, "no unit of platelets"),
        ({"states": {"ascites": {}}}, "states.ascites"),
        ({"baseline": {"weight": {}}}, "baseline.weight"),
        ({"endpoint": {"name": "death", "horizons": [1]}}, "endpoint"),
    ],
)
def test_a_specification_without_a_place_in_the_record_is_refused(
    tmp_path: Path, change: dict[str, object], place: str
) -> None:
    with pytest.raises(BadSpec, match=place):
        exporting.export(spec.of(WRITTEN | change), [], tmp_path)
