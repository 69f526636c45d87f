"""A mapping change reaches what is stored: only what was derived changes, and it can be stopped anywhere."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine, select, text, update

from tests.builders import bundle, lab, patient
from twin import intake
from twin.record.quality import mapping_version
from twin.remap import remap, waiting
from twin.store import mappings, unmapped
from twin.store.tables import audit_event, fact, twin

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
HOUSE = "urn:patient-twin:local:lis"
DERIVED = frozenset({"signal", "canonical_value", "canonical_code", "quality", "mapping_version"})
RECEIVED = ", ".join(column.name for column in fact.c if column.name not in DERIVED)


def take(engine: Engine, *labs: dict[str, object]) -> None:
    intake.take_bundle(engine, bundle(patient(), *labs), source="lis", actor="test", atomic=False, now=NOW)


def house_lab(key: str, code: str, value: float, unit: str | None) -> dict[str, object]:
    coded = {"code": {"coding": [{"system": HOUSE, "code": code}]}}
    return lab(key, code, value, unit, "2024-01-02") | coded


def checksum(engine: Engine) -> str:
    with engine.connect() as connection:
        rows = f"select md5(string_agg(md5(({RECEIVED})::text), '' order by id)) from fact"
        return str(connection.execute(text(rows)).scalar_one())


def read(engine: Engine) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        columns = (fact.c.signal, fact.c.canonical_value, fact.c.quality)
        return [tuple(row) for row in connection.execute(select(*columns).order_by(fact.c.id))]


@contextmanager
def saying(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        yield connection


def test_a_local_code_means_its_signal_after_a_remap(engine: Engine) -> None:
    take(engine, house_lab("a", "X17", 88.4, "umol/L"), lab("b", "2160-0", 1.0, "mg/dL", "2024-01-03"))
    before = checksum(engine)
    assert read(engine) == [(None, None, "no_signal"), ("creatinine", pytest.approx(88.4), "ok")]
    with saying(engine) as connection:
        mappings.map_code(connection, source="lis", system=HOUSE, code="X17", key="creatinine", actor="test", now=NOW)
    report = remap(engine, now=LATER)
    assert read(engine) == [("creatinine", pytest.approx(88.4), "ok"), ("creatinine", pytest.approx(88.4), "ok")]
    assert (report.read, dict(report.changes)) == (2, {("creatinine", "mapped"): 1})
    assert checksum(engine) == before
    with engine.connect() as connection:
        assert connection.execute(select(twin.c.stale_since)).scalar_one() is not None
        versions = set(connection.execute(select(fact.c.mapping_version)).scalars())
        assert versions == {mapping_version(mappings.load(connection))}


def test_a_code_of_another_source_keeps_its_reading(engine: Engine) -> None:
    take(engine, house_lab("a", "X17", 88.4, "umol/L"))
    with saying(engine) as connection:
        mappings.map_code(connection, source="other", system=HOUSE, code="X17", key="creatinine", actor="t", now=NOW)
    remap(engine, now=LATER)
    assert read(engine) == [(None, None, "no_signal")]


def test_what_would_be_refused_now_is_kept_and_marked(engine: Engine) -> None:
    take(engine, house_lab("a", "X17", 400.0, "mmol/L"), house_lab("b", "X17", 4.0, "kg"))
    with saying(engine) as connection:
        mappings.map_code(connection, source="", system=HOUSE, code="X17", key="potassium", actor="test", now=NOW)
    before = checksum(engine)
    remap(engine, now=LATER)
    assert read(engine) == [("potassium", None, "implausible"), ("potassium", None, "bad_unit")]
    assert checksum(engine) == before


def test_a_local_unit_is_read_as_the_site_says(engine: Engine) -> None:
    take(engine, house_lab("a", "X17", 4.0, "mmol per litre of serum"))
    with saying(engine) as connection:
        mappings.map_code(connection, source="", system=HOUSE, code="X17", key="potassium", actor="test", now=NOW)
        mappings.map_unit(connection, text="mmol per litre of serum", ucum="mmol/L", actor="test", now=NOW)
    remap(engine, now=LATER)
    assert read(engine) == [("potassium", pytest.approx(4.0), "ok")]


def test_taking_a_mapping_back_restores_the_reading(engine: Engine) -> None:
    take(engine, house_lab("a", "X17", 88.4, "umol/L"))
    with saying(engine) as connection:
        mappings.map_code(connection, source="", system=HOUSE, code="X17", key="creatinine", actor="test", now=NOW)
    remap(engine, now=LATER)
    with saying(engine) as connection:
        assert mappings.unmap_code(connection, source="", system=HOUSE, code="X17", actor="test", now=LATER)
        assert not mappings.unmap_code(connection, source="", system=HOUSE, code="X17", actor="test", now=LATER)
    report = remap(engine, now=LATER)
    assert read(engine) == [(None, None, "no_signal")]
    assert dict(report.changes) == {("creatinine", "unmapped"): 1}


def test_a_run_that_was_killed_goes_on_where_it_stopped(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    take(engine, *(house_lab(f"a{number}", "X17", 80.0 + number, "umol/L") for number in range(5)))
    with saying(engine) as connection:
        mappings.map_code(connection, source="", system=HOUSE, code="X17", key="creatinine", actor="test", now=NOW)
    monkeypatch.setattr("twin.remap._BATCH", 2)

    class Killed(BaseException):
        pass

    def kill(done: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        remap(engine, now=LATER, on_progress=kill)
    assert [signal for signal, _, _ in read(engine)] == ["creatinine"] * 2 + [None] * 3
    assert (waiting(engine), remap(engine, now=LATER).read) == (3, 3)
    assert [signal for signal, _, _ in read(engine)] == ["creatinine"] * 5


def test_a_second_run_reads_nothing_unless_asked_for_everything(engine: Engine) -> None:
    take(engine, lab("b", "2160-0", 1.0, "mg/dL", "2024-01-03"))
    remap(engine, now=LATER)
    assert remap(engine, now=LATER).read == 0
    with saying(engine) as connection:
        connection.execute(update(fact).values(canonical_value=1.0))
    report = remap(engine, now=LATER, everything=True)
    assert (report.read, dict(report.changes)) == (1, {("creatinine", "converted"): 1})


def test_a_new_version_alone_makes_no_twin_stale(engine: Engine) -> None:
    take(engine, lab("b", "2160-0", 1.0, "mg/dL", "2024-01-03"))
    with saying(engine) as connection:
        connection.execute(update(fact).values(mapping_version="2020-01.1"))
        connection.execute(update(twin).values(stale_since=None))
    report = remap(engine, now=LATER)
    assert (report.read, report.changes.total(), report.patients) == (1, 0, set())
    with engine.connect() as connection:
        assert connection.execute(select(twin.c.stale_since)).scalar_one() is None


def test_the_most_frequent_unmapped_codes_come_first(engine: Engine) -> None:
    take(
        engine,
        house_lab("a", "RARE", 1.0, "mg/dL"),
        house_lab("b", "OFTEN", 1.0, "mg/dL"),
        house_lab("c", "OFTEN", 2.0, "mg/dL"),
        lab("d", "2160-0", 1.0, "kg", "2024-01-03"),
    )
    with engine.connect() as connection:
        codes = unmapped.unmapped_codes(connection, 10)
        units = unmapped.unread_units(connection, 10)
    assert [(each.code, each.facts, each.unit) for each in codes] == [("OFTEN", 2, "mg/dL"), ("RARE", 1, "mg/dL")]
    assert [(each.detail, each.values) for each in units] == [("creatinine: kg", 1)]


def test_every_change_of_a_mapping_stands_in_the_audit(engine: Engine) -> None:
    with saying(engine) as connection:
        mappings.map_code(connection, source="", system=HOUSE, code="X17", key="creatinine", actor="test", now=NOW)
        mappings.map_unit(connection, text="u", ucum="U/L", actor="test", now=NOW)
        mappings.unmap_unit(connection, text="u", actor="test", now=NOW)
        mappings.unmap_code(connection, source="", system=HOUSE, code="X17", actor="test", now=NOW)
    with engine.connect() as connection:
        actions = list(connection.execute(select(audit_event.c.action).order_by(audit_event.c.id)).scalars())
    assert actions == ["map_code", "map_unit", "unmap_unit", "unmap_code"]


def test_the_command_line_maps_lists_and_remaps(engine: Engine) -> None:
    take(engine, house_lab("a", "X17", 88.4, "umol/L"))
    environment = os.environ | {"DATABASE_URL": engine.url.render_as_string(hide_password=False)}

    def run(*words: str) -> tuple[int, str]:
        done = subprocess.run([sys.executable, "-m", "twin", *words], env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout

    assert run("codes", "map", HOUSE, "X17", "no_such_signal")[0] == 2
    assert run("codes", "map", HOUSE, "X17", "creatinine", "--source", "lis")[0] == 0
    assert "X17 means creatinine" in run("codes", "list")[1]
    assert '"mapped": 1' in run("remap", "--json")[1]
    assert run("codes", "unmap", "X17", "--system", HOUSE, "--source", "lis")[0] == 0
