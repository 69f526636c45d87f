"""A site's own record as a cohort: what is fitted on its tables is served to its patients with the same digits."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.forecast.timelines import NOW, ago, fact, timeline
from twin.cohort import exporting, fitted, fitting, predicting, spec, tables
from twin.cohort.errors import BadSpec
from twin.cohort.record import cohort_of_one
from twin.forecast import calibrate, model_file
from twin.models.predicting import cohort_risk
from twin.models.serving import Raw
from twin.record.fact import Absent
from twin.record.timeline import Timeline

WRITTEN = {
    "key": "local",
    "title": "A local model",
    "organ": "liver",
    "endpoint": {"name": "death", "death": True, "horizons": [1, 2]},
    "landmarks": {"times": [1, 2], "visits": 2},
    "biomarkers": {"platelets": {"scale": "log", "signal": "platelets", "plausible": [1, 2000]}},
    "baseline": {"age": {"grows": True, "from": "age"}, "male": {"from": "male"}},
    "diagnoses": {"names": ["diabetes"]},
    "card": {"serves": {"min_age": 18, "max_age": 100}},
}


def _patients(count: int, seed: int = 0) -> list[Timeline]:
    """People whose platelets fall, and who die the sooner the lower they are; one in ten has no reading at all."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        level, drift, end = rng.normal(5.3, 0.3), rng.normal(-0.1, 0.15), rng.uniform(20, 60)
        facts, died = [], None
        for month in range(0, 60, 4):
            low = 5.3 - (level + drift * month / 12)
            if month and rng.random() < 0.02 * np.exp(2.5 * low):
                died = month
            if month > end or died is not None:
                break
            value = float(np.exp(level + drift * month / 12 + rng.normal(0, 0.08)))
            facts.append(fact(len(facts) + 1, "platelets", ago(60 - month), round(value, 1)))
        if rng.random() < 0.3:
            facts.append(fact(90, "diabetes", ago(60 - float(rng.uniform(-12, 30))), kind="condition"))
        if died is not None:
            facts.append(fact(99, "death", ago(60 - died) + timedelta(days=9), kind="death", signal=None))
        if number % 10 == 9:
            facts = [each for each in facts if each.derived.signal != "platelets"]
        made = timeline(facts, sex=("male", "female")[number % 2], born=date(1950 + number % 20, 5, 4))
        found.append(replace(made, patient=replace(made.patient, id=f"id-{number:03d}")))
    return found


@pytest.fixture(scope="module")
def clinic() -> list[Timeline]:
    return _patients(200)


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
