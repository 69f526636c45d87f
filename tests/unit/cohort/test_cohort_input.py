"""Tables and specifications that can't be used are refused with the place; what is left out is counted."""

from pathlib import Path

import pandas as pd
import pytest

from tests.unit.cohort.drawn_cohort import SPEC, draw
from twin.cohort import spec, tables
from twin.cohort.errors import BadSpec, BadTable


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
    ],
)
def test_a_specification_with_a_fault_is_refused_by_its_place(tmp_path: Path, old: str, new: str, place: str) -> None:
    path = tmp_path / "cohort.toml"
    path.write_text(SPEC.replace(old, new), encoding="utf-8")
    with pytest.raises(BadSpec, match=place):
        spec.read(path)


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
