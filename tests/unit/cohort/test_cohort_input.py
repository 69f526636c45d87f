"""Tables and specifications that can't be used are refused with the place; what is left out is counted."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.cohort.drawn_cohort import SPEC, draw
from twin.cohort import spec, tables
from twin.cohort.errors import BadSpec, BadTable

DOCUMENTED = Path(__file__).parents[3] / "docs" / "cohorts"


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    return draw(tmp_path / "cohort", patients=12)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('name = "death"', "", "endpoint.name"),
        ("horizons = [1, 2]", "horizons = []", "endpoint.horizons"),
        ("horizons = [1, 2]", 'horizons = ["a"]', "endpoint.horizons"),
        ("visits = 2", "visit = 2", "landmarks"),
        ('scale = "log"', 'scale = "cubic"', "biomarkers.marker"),
        ("plausible = [0.01, 1000]", "plausible = [5, 1]", "biomarkers.marker.plausible"),
        ('sex = "male"', 'sex = "gender"', "people.sex"),
        ("[states]\nsign", "[states]\nmarker", "marker"),
        ('key = "drawn"', 'key = "drawn"\nsurprise = 1', "surprise"),
        ('key = "drawn"', "key = ", "TOML"),
        ("horizons = [1, 2]", "horizons = [1, inf]", "endpoint.horizons"),
        ('scale = "log"', 'scale = "log", floor = "x"', "biomarkers.marker"),
        ('age = "age"', "age = [1]", "people.age"),
        ("sign = {}", "sign = { carry = true }", "states.sign"),
        ('sex = "male"', 'sex = "male"\n[card.serves]\nmin_age = 9\nmax_age = 1', "card.serves"),
        ('organ = "liver"', 'organ = "brain"', "organ: none is called 'brain'"),
        ('organ = "liver"', "organ = 5", "organ"),
        ('key = "drawn"', 'key = "../x"', "key: letters"),
        ('key = "drawn"', 'key = " "', "key"),
        ('title = "A drawn cohort"', "title = 1", "title"),
        ("horizons = [1, 2]", "horizons = [1, 1]", "endpoint.horizons: a horizon twice"),
        ("horizons = [1, 2]", "horizons = [1, true]", "endpoint.horizons"),
        ("horizons = [1, 2]", "horizons = [1, nan]", "endpoint.horizons"),
        ("horizons = [1, 2]", "horizons = [1, 2]\nevent = 1.5", "endpoint.event: a whole number"),
        ("horizons = [1, 2]", "horizons = [1, 2]\nevent = 0", "endpoint: event"),
        ("horizons = [1, 2]", "horizons = [1, 2]\ncompeting = [2, 2]", "endpoint.competing"),
        ("horizons = [1, 2]", "horizons = [1, 2]\ncompeting = [0]", "endpoint: event"),
        ("horizons = [1, 2]", 'horizons = [1, 2]\ndeath = "no"', "endpoint.death: true or false"),
        ("horizons = [1, 2]", 'horizons = [1, 2]\nconcepts = ["zzz"]', "endpoint.concepts: no concept"),
        ("times = [1, 2, 3]", "times = []", "landmarks.times: at least one"),
        ("times = [1, 2, 3]", "times = [1, 1]", "landmarks.times: a time twice"),
        ("times = [1, 2, 3]", "times = [-1]", "landmarks.times: years from 0"),
        ("times = [1, 2, 3]", "times = [inf]", "landmarks.times: years from 0"),
        ("visits = 2", "visits = -2", "landmarks.visits: 0 or more"),
        ("visits = 2", "visits = 2.5", "landmarks.visits: a whole number"),
        ("visits = 2", "visits = inf", "landmarks.visits: a whole number"),
        ("visits = 2", "visits = 2\nat_least = 3", "landmarks: at_least and below need a column"),
        ("visits = 2", 'visits = 2\ncolumn = "marker"\nat_least = 3\nbelow = 3', "landmarks: nothing lies"),
        ('scale = "log"', 'scale = "log", signal = "zzz"', "biomarkers.marker: no signal is called 'zzz'"),
        ('scale = "log"', 'scale = "log", signal = ["alt"]', "biomarkers.marker.signal"),
        ('scale = "log"', 'scale = "log", signal = "alt", unit = "mm"', "no unit of alt"),
        ('scale = "log"', 'scale = "log", signal = "hbsag"', "is a code and no number"),
        ('scale = "log"', 'scale = "log", low = 1', "biomarkers.marker: low and high"),
        ('scale = "log"', 'scale = "log", below = 1', "biomarkers.marker: below"),
        ('scale = "log"', 'scale = "log", floor = 1, below = 2', "biomarkers.marker: below"),
        ('scale = "log"', "scale = 5", "biomarkers.marker"),
        ("forecast = true", 'forecast = "yes"', "biomarkers.marker.forecast"),
        ("plausible = [0.01, 1000]", "plausible = [-5, 0]", "biomarkers.marker.plausible: nothing"),
        ("sign = {}", "sign = 1", "states.sign is a table"),
        ("sign = {}", '"a: b" = {}', "can't name a column"),
        ("sign = {}", "time = {}", "states.time"),
        ("male = {}", "male = {}\npatient_id = {}", "baseline.patient_id"),
        ("male = {}", 'male = { from = "sex" }', "baseline.male: from"),
        ("male = {}", "male = {}\ndiabetes = {}", "'diabetes' is in the baseline and a diagnosis"),
        ('names = ["diabetes"]', 'names = ["diabetes", "diabetes"]', "diagnoses.names: 'diabetes' twice"),
        ('sex = "male"', 'sex = "male"\nmale = inf', "people.male"),
        ('sex = "male"', 'sex = "male"\n[course]\nsince = inf', "course.since"),
        ('sex = "male"', 'sex = "male"\n[card]\nsource = 3', "card.source"),
        ('sex = "male"', 'sex = "male"\n[card]\nserves = 3', "card.serves is a table"),
    ],
)
def test_a_specification_with_a_fault_is_refused_by_its_place(tmp_path: Path, old: str, new: str, place: str) -> None:
    path = tmp_path / "cohort.toml"
    assert old in SPEC
    path.write_text(SPEC.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadSpec, match=re.escape(place)):
        spec.read(path)


@pytest.mark.parametrize("path", sorted(DOCUMENTED.glob("*.toml")), ids=lambda path: path.stem)
def test_every_documented_specification_reads(path: Path) -> None:
    assert spec.read(path).key == path.stem


def test_a_model_fitted_by_what_is_refused_today_still_loads() -> None:
    written = tomllib.loads(SPEC.replace('scale = "log"', 'scale = "log", signal = "zzz"', 1)) | {"organ": "brain"}
    with pytest.raises(BadSpec, match="brain"):
        spec.of(written)
    assert spec.stored(written).organ == "brain"


@pytest.mark.parametrize(
    ("file", "change", "says"),
    [
        ("visits.csv", lambda table: table.drop(columns="marker"), "no column 'marker'"),
        ("visits.csv", lambda table: table.astype({"marker": object}).assign(marker="high"), "row 2, marker"),
        ("patients.csv", lambda table: pd.concat([table, table[:1]]), "row 14: a patient for the second time"),
        ("patients.csv", lambda table: table.assign(patient_id=None), "row 2: no patient_id"),
        ("outcomes.csv", lambda table: table.assign(endpoint="other"), "no endpoint 'death'; there are other"),
        ("outcomes.csv", lambda table: table.assign(time=None), "without time or status"),
        ("outcomes.csv", lambda table: table.assign(status=7), "row 2: a status"),
        ("patients.csv", lambda table: table[:0], "no patient"),
    ],
)
def test_a_table_with_a_fault_is_refused_by_its_place(cohort: Path, file: str, change: object, says: str) -> None:
    table = pd.read_csv(cohort / file)
    change(table).to_csv(cohort / file, index=False)  # type: ignore[operator]
    asked = spec.read(cohort / "cohort.toml")
    with pytest.raises(BadTable, match=says):
        tables.outcomes(cohort, asked, tables.read(cohort, asked))


def test_a_missing_file_is_named(cohort: Path) -> None:
    (cohort / "visits.csv").unlink()
    with pytest.raises(BadTable, match=r"visits\.csv"):
        tables.read(cohort, spec.read(cohort / "cohort.toml"))


def test_what_is_left_out_is_counted_by_reason(cohort: Path) -> None:
    visits = pd.read_csv(cohort / "visits.csv")
    visits.loc[0, "marker"] = -1.0
    visits.loc[1, "marker"] = 5000.0
    visits.loc[2, "time"] = None
    visits.loc[3, "patient_id"] = "nobody"
    visits.to_csv(cohort / "visits.csv", index=False)
    events = pd.DataFrame({"patient_id": ["P0001"], "time": [1.0], "event": ["gout"]})
    events.to_csv(cohort / "events.csv", index=False)
    found = tables.read(cohort, spec.read(cohort / "cohort.toml"))
    assert found.left_out == {
        "events that the specification does not name": 1,
        "marker: no plausible value": 2,
        "visits of patients that are not in patients.csv": 1,
        "visits without a time": 1,
    }
    assert len(found.columns["marker"].value) == len(visits) - 4


def test_cells_beyond_the_header_are_refused_and_shift_no_column(cohort: Path) -> None:
    head, *rows = (cohort / "visits.csv").read_text().splitlines()
    (cohort / "visits.csv").write_text("\n".join([head, *(f"{row}," for row in rows)]))
    with pytest.raises(BadTable, match=r"visits\.csv: rows have more cells than the header has names"):
        tables.read(cohort, spec.read(cohort / "cohort.toml"))


def test_a_row_counts_once_and_blank_lines_shift_no_row_number(cohort: Path) -> None:
    head, *rows = (cohort / "visits.csv").read_text().splitlines()
    once = tables.read(cohort, spec.read(cohort / "cohort.toml"))
    (cohort / "visits.csv").write_text("\n".join([head, "", *rows, *rows[:3], ""]))
    twice = tables.read(cohort, spec.read(cohort / "cohort.toml"))
    assert twice.left_out == {"rows of visits.csv that stand there twice": 3}
    assert twice.columns["marker"].value.tolist() == once.columns["marker"].value.tolist()
    (cohort / "visits.csv").write_text("\n".join([head, "", rows[0], "P0001,x,,,", *rows[1:]]))
    with pytest.raises(BadTable, match=r"visits\.csv row 4, time: no number"):
        tables.read(cohort, spec.read(cohort / "cohort.toml"))


def test_patients_and_outcomes_of_nobody_are_counted(cohort: Path) -> None:
    asked = spec.read(cohort / "cohort.toml")
    some = tables.read(cohort, asked, np.array(["P0001", "P0002", "P9998", "P9999"], dtype=object))
    assert some.left_out == {"patients listed that are not in patients.csv": 2}
    outcomes = pd.read_csv(cohort / "outcomes.csv")
    outcomes.loc[0, "time"] = -1.0
    strangers = outcomes[:2].assign(patient_id=["X1", "X2"])
    pd.concat([outcomes, strangers]).to_csv(cohort / "outcomes.csv", index=False)
    found = tables.outcomes(cohort, asked, tables.read(cohort, asked))
    assert found.left_out == {
        "outcomes of patients that are not in patients.csv": 2,
        "patients whose outcome lies before their first visit": 1,
    }
    assert tables.outcomes(cohort, asked, some, is_part=True).left_out == {}


def test_what_the_source_writes_for_below_the_floor_is_a_reading(cohort: Path) -> None:
    text = (cohort / "cohort.toml").read_text()
    floored = text.replace('scale = "log"', 'scale = "log", floor = 0.5, below = 0')
    (cohort / "cohort.toml").write_text(floored)
    visits = pd.read_csv(cohort / "visits.csv")
    visits["marker"] = visits["marker"].where(visits["marker"] >= 0.5, 0.0)
    visits.loc[0, "marker"] = -3.0
    visits.to_csv(cohort / "visits.csv", index=False)
    asked = spec.read(cohort / "cohort.toml")
    found = tables.read(cohort, asked)
    assert (visits["marker"] == 0).sum() > 0
    assert found.left_out == {"marker: no plausible value": 1}
    assert len(found.columns["marker"].value) == len(visits) - 1
    assert np.isfinite(asked.biomarkers[0].scale.working(found.columns["marker"].value)).all()


def test_a_value_no_measurement_has_is_left_out(cohort: Path) -> None:
    visits = pd.read_csv(cohort / "visits.csv")
    visits.loc[0, "another"] = 1e200
    visits.to_csv(cohort / "visits.csv", index=False)
    assert tables.read(cohort, spec.read(cohort / "cohort.toml")).left_out == {"another: no plausible value": 1}
