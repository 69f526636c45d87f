"""A mapping says what it doesn't understand, and which name was probably meant."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from tests.unit.importers.table_files import LABS, items, labs
from twin.errors import UnreadableInput
from twin.importers.base import Context
from twin.importers.content import Content
from twin.importers.table import declares_shifted, order
from twin.importers.table.fit import stem
from twin.importers.table.mapping import load, ready
from twin.importers.table.reading import fits_of
from twin.importers.table.spec import Strict, TableSpec

ROW = "7,1,2160-0,Creatinine,72.50,umol/L,2020-01-02,S1"


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ("omop5", "did you mean 'omop54'"),
        ("a = [", "not TOML"),
        ("title = 'x'", "maps no table"),
        (LABS.replace("codes =", "coeds ="), "unknown key tables.labs.coeds (did you mean 'codes'?)"),
        (LABS.replace('unit = "unit"', 'unti = "unit"'), "unknown key tables.labs.value.unti (did you mean 'unit'?)"),
        (LABS.replace("observation", "observations"), "tables.labs.kind"),
        (LABS.replace('observed = "at"', ""), "give `observed`"),
        (LABS + 'joins.x = { lookup = "y", by = "code" }', "there is no [lookups.y]"),
        (f'time_zone = "Shanghai"\n{LABS}', "no such time zone"),
        (f'encoding = "gb9"\n{LABS}', "no such encoding"),
        (f'[dates]\nformats = ["dd.mm.yyyy"]\n{LABS}', "'dd.mm.yyyy' is none of"),
        (f'extends = "lsi"\n{LABS}', "extends no ready mapping"),
        (LABS.replace('code = "code"', 'code = "code", constant = "x"'), "give either `code` (columns) or `constant`"),
        (
            LABS.replace('system = "http', 'system_by = [{ match = "(", system = "x" }], system = "http'),
            "not a regular",
        ),
    ],
)
def test_a_mapping_that_is_not_understood_says_where(mapping: str, message: str) -> None:
    with pytest.raises(UnreadableInput) as error:
        items(labs(ROW), mapping)
    assert message in str(error.value)


def test_a_missing_column_is_named_with_the_nearest_one() -> None:
    with pytest.raises(UnreadableInput, match=r"no column 'value' \(did you mean 'valeu'\?\)"):
        items(labs(ROW).replace("value", "valeu"))


def test_a_table_that_lacks_what_its_rows_are_known_by_fits_no_mapping() -> None:
    with pytest.raises(UnreadableInput, match=r"misses 'mrn' \(did you mean 'mnr'\?\)"):
        items(labs(ROW).replace("mrn", "mnr"))


def test_what_no_ready_mapping_fits_tells_its_columns_and_how_to_go_on() -> None:
    with pytest.raises(UnreadableInput, match=r"fits these columns: 'apples', 'pears'; name one, or a mapping.toml"):
        items("apples,pears\n1,2\n", None)


def test_a_column_that_stands_twice_is_refused() -> None:
    with pytest.raises(UnreadableInput, match="two columns are called 'value'"):
        items(labs(ROW).replace("sample", "value"))


def test_columns_are_known_in_any_case_and_width() -> None:
    assert items(labs(ROW).replace("mrn", " ＭＲＮ "))[0].facts


def test_a_mapping_may_lie_over_a_ready_one() -> None:
    mapping = load('extends = "lis"\ntime_zone = "Asia/Shanghai"\n[dates]\nformats = ["%d/%m/%Y"]')
    assert mapping.time_zone == "Asia/Shanghai"
    assert mapping.dates.formats == ("%d/%m/%Y",)
    assert mapping.tables == ready()["lis"].tables


def test_every_ready_mapping_is_sound() -> None:
    assert {"omop54", "mimic3", "mimic4", "eicu", "lis"} <= set(ready())


@pytest.mark.parametrize("name", tuple(ready()))
def test_what_a_ready_mapping_keeps_of_a_row_fits_the_same_table_without_the_file_s_name(name: str) -> None:
    for table, spec in ready()[name].tables.items():
        if not spec.header:
            continue
        joined = [f"{join}.x" for join in spec.joins]
        content = Content.of(",".join((*spec.header, *joined)).encode(), "request")
        [(_, fitted)] = fits_of(content, None)
        assert fitted is not None
        assert (fitted.mapping.title, fitted.name) == (ready()[name].title, table)


@pytest.mark.parametrize("name", tuple(ready()))
def test_a_table_of_a_ready_mapping_is_known_by_its_file_s_name_and_header(name: str) -> None:
    mapping = ready()[name]
    for part in (mapping.tables, mapping.not_used, mapping.lookups):
        for table, spec in part.items():
            if not spec.header:
                continue
            stems = spec.files or (table,)
            [(_, fitted)] = fits_of(
                Content.of(",".join((*spec.header, "more")).upper().encode(), f"{stems[0]}.csv"), None
            )
            assert fitted is not None
            assert fitted.mapping.title == mapping.title
            assert isinstance(fitted.spec, TableSpec) or fitted.name == table


def test_shifted_dates_are_declared_by_the_mapping_that_fits(now: object) -> None:
    mimic = Content.of(b"row_id,subject_id,gender,dob,dod\n", "PATIENTS.csv")
    assert declares_shifted(mimic, Context(now=now))  # type: ignore[arg-type]
    assert not declares_shifted(Content.of(b"person_id,gender_concept_id,year_of_birth\n"), Context(now=now))  # type: ignore[arg-type]
    assert not declares_shifted(Content.of(b"nothing"), Context(now=now))  # type: ignore[arg-type]


def test_tables_that_introduce_patients_come_first() -> None:
    patients = Content.of(b"row_id,subject_id,gender,dob,dod\n", "PATIENTS.csv")
    others = Content.of(b"row_id,subject_id,itemid,charttime,value,valuenum,valueuom\n", "LABEVENTS.csv")
    assert order(patients) < order(others) == order(Content.of(b"x,y\n"))


def test_a_file_is_named_without_folder_case_and_endings() -> None:
    assert stem("LABEVENTS.CSV.GZ") == stem("labevents.parquet") == "labevents"


def models(kind: type[BaseModel]) -> set[type[BaseModel]]:
    return {kind} | {each for below in kind.__subclasses__() for each in models(below)}


@pytest.mark.parametrize("model", sorted(models(Strict) - {Strict}, key=lambda each: each.__name__))
def test_the_page_on_tables_tells_every_key(model: type[BaseModel]) -> None:
    page = (Path(__file__).parents[3] / "docs" / "tables.md").read_text(encoding="utf-8")
    told = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", page))))
    assert set(model.model_fields) <= told


@pytest.mark.parametrize("number", range(4))
def test_the_examples_on_the_page_are_mappings(number: int) -> None:
    page = (Path(__file__).parents[3] / "docs" / "tables.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```toml\n(.*?)^```$", page, re.M | re.S)
    assert len(examples) == 4
    assert load(examples[number]).tables
