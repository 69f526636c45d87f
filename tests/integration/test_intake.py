"""What a FHIR bundle becomes in a real database: every item has a fate, nothing is written twice, nothing is lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, text

from tests.builders import bundle, encode, lab, patient
from twin import intake, synth
from twin.errors import UnreadableInput, UnsupportedVersion
from twin.importers.report import Report
from twin.store import people, records
from twin.store.tables import audit_event, fact, import_reject, patient_identifier
from twin.store.tables import patient as patients

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def take(engine: Engine, content: bytes, *, atomic: bool = False, now: datetime = NOW, source: str = "h") -> Report:
    return intake.take_bundle(engine, content, source=source, actor="test", atomic=atomic, now=now)


def rows(engine: Engine, table: Any) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_a_lab_is_kept_digit_for_digit_and_read_in_our_unit(engine: Engine) -> None:
    content = bundle(patient(), lab("o1", "2160-0", 0, "mg/dL", "2020-01-02")).replace(b'"value": 0', b'"value": 1.50')
    report = take(engine, content)
    assert (report.read, report.imported, report.facts) == (2, 2, 1)
    with engine.connect() as connection:
        row = connection.execute(select(fact)).one()
    assert (row.value, row.unit, row.signal) == ("1.50", "mg/dL", "creatinine")
    assert row.canonical_value == pytest.approx(132.6)
    assert row.resource == "Observation/o1"
    assert row.place == "Bundle.entry[1]"


def test_the_same_bundle_again_writes_no_fact(engine: Engine) -> None:
    content = bundle(patient(), lab("o1", "2160-0", 1.5, "mg/dL", "2020-01-02"))
    take(engine, content)
    again = take(engine, content)
    assert (again.imported, again.duplicates, again.facts) == (0, 2, 0)
    assert rows(engine, fact) == 1


def test_every_item_read_has_exactly_one_fate(engine: Engine) -> None:
    claim = {"resourceType": "Claim", "id": "x"}
    content = bundle(patient(), lab("a", "2160-0", 1, "mg/dL", "2020"), lab("b", "2160-0", 1, "kg", "2020"), claim)
    report = take(engine, content)
    counted = report.imported + report.duplicates + report.superseded + report.rejected + report.not_used
    assert report.read == counted == 4
    assert (report.rejected, report.not_used) == (1, 1)
    assert report.to_json()["by_type"]["Claim"] == {"not_used": 1}


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (lab("o", "2160-0", 1, "kg", "2020-01-01"), "bad_unit"),
        (lab("o", "2823-3", 400, "mmol/L", "2020-01-01"), "implausible"),
        (lab("o", "2160-0", 1, "mg/dL", "2020-02-30"), "invalid"),
        (lab("o", "2160-0", 1, "mg/dL", "2031-01-01"), "impossible_date"),
        (lab("o", "2160-0", 1, "mg/dL", "1950-01-01"), "impossible_date"),
        (lab("o", "2160-0", "1", "mg/dL", "2020-01-01"), "invalid"),
        (lab("o", "2160-0", True, "mg/dL", "2020-01-01"), "invalid"),
        (lab("o", "2160-0", 1, "mg/dL", "2020-01-01", subject="Patient/nobody"), "unknown_patient"),
        ({"resourceType": "Observation", "id": "o"}, "invalid"),
    ],
)
def test_what_can_t_be_right_is_refused_with_place_and_reason_and_kept(
    engine: Engine, resource: dict[str, Any], reason: str
) -> None:
    report = take(engine, bundle(patient(), resource))
    assert (report.imported, report.rejected, report.facts) == (1, 1, 0)
    (reject,) = report.rejects
    assert (reject.where, reject.reason) == ("Bundle.entry[1]", reason)
    with engine.connect() as connection:
        kept = connection.execute(select(import_reject)).one()
    assert '"resourceType": "Observation"' in kept.body


def test_what_is_right_but_unusable_is_kept_and_marked(engine: Engine) -> None:
    below = lab("a", "2160-0", 0.2, "mg/dL", "2020-01-01")
    below["valueQuantity"]["comparator"] = "<"
    early = lab("b", "2160-0", 1, "mg/dL", "2020-01-02", status="preliminary")
    vague = lab("c", "33914-3", 60, "mL/min", "2020-01-03")
    report = take(engine, bundle(patient(), below, early, vague))
    assert report.rejected == 0
    with engine.connect() as connection:
        marks = connection.execute(select(fact.c.quality).order_by(fact.c.observed_at)).scalars().all()
    assert marks == ["comparator", "not_final", "ambiguous_unit"]


def test_blood_pressure_comes_as_two_facts_with_their_place(engine: Engine) -> None:
    pressure = lab("bp", "85354-9", 1, "mm[Hg]", "2020-01-01")
    del pressure["valueQuantity"]
    pressure["component"] = [
        {
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "valueQuantity": {"value": v, "unit": "mmHg"},
        }
        for code, v in (("8480-6", 131), ("8462-4", 82))
    ]
    take(engine, bundle(patient(), pressure))
    with engine.connect() as connection:
        found = connection.execute(
            select(fact.c.signal, fact.c.canonical_value, fact.c.part).order_by(fact.c.part)
        ).all()
    assert [tuple(row) for row in found] == [("sbp", 131.0, "component[0]"), ("dbp", 82.0, "component[1]")]


def test_a_correction_supersedes_from_when_it_was_known(engine: Engine) -> None:
    first = lab("o", "2160-0", 1.0, "mg/dL", "2020-01-01", issued="2020-01-02T00:00:00Z")
    corrected = lab("o", "2160-0", 2.0, "mg/dL", "2020-01-01", issued="2020-02-01T00:00:00Z", status="corrected")
    take(engine, bundle(patient(), first))
    report = take(engine, bundle(patient(), corrected))
    assert (report.superseded, report.duplicates) == (1, 1)
    with engine.connect() as connection:
        whose = people.find_patient(connection, "1")
        values = {
            day: [
                f.value
                for f in records.read_timeline(connection, whose, datetime.fromisoformat(day)).series("creatinine")
            ]
            for day in ("2020-01-01T12:00:00+00:00", "2020-01-15T00:00:00+00:00", "2020-02-02T00:00:00+00:00")
        }
    assert list(values.values()) == [[], ["1.0"], ["2.0"]]


def test_a_correction_without_a_time_of_its_own_is_known_when_it_arrives(engine: Engine) -> None:
    take(engine, bundle(patient(), lab("o", "2160-0", 1.0, "mg/dL", "2020-01-01")))
    take(engine, bundle(patient(), lab("o", "2160-0", 2.0, "mg/dL", "2020-01-01")), now=NOW + timedelta(days=1))
    with engine.connect() as connection:
        whose = people.find_patient(connection, "1")
        before = records.read_timeline(connection, whose, NOW).series("creatinine")
        after = records.read_timeline(connection, whose, NOW + timedelta(days=2)).series("creatinine")
    assert [f.value for f in before] == ["1.0"]
    assert [(f.value, f.known_basis) for f in after] == [("2.0", "received")]


def test_two_imports_of_one_patient_at_once_make_one_patient(engine: Engine) -> None:
    contents = [
        bundle(patient(f"p{n}"), lab(f"o{n}", "2160-0", 1, "mg/dL", "2020", subject=f"Patient/p{n}")) for n in range(6)
    ]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda content: take(engine, content), contents))
    assert rows(engine, patients) == 1
    assert rows(engine, fact) == 6


def test_two_hospitals_first_patients_stay_two(engine: Engine) -> None:
    take(engine, bundle(patient("1", mrn="a")), source="north")
    take(engine, bundle(patient("1", mrn="b")), source="south")
    assert rows(engine, patients) == 2


def test_identifiers_of_two_patients_are_a_reject(engine: Engine) -> None:
    take(engine, bundle(patient("a", mrn="1"), patient("b", mrn="2")))
    both = patient("c", mrn="1")
    both["identifier"].append({"system": "urn:mrn", "value": "2"})
    report = take(engine, bundle(both))
    assert report.rejects[0].reason == "conflicting_identifiers"


def test_a_transaction_with_a_fault_writes_nothing(engine: Engine) -> None:
    content = bundle(patient(), lab("o", "2160-0", 1, "mg/dL", "2020", subject="Patient/nobody"))
    with pytest.raises(intake.TransactionRefused) as refused:
        take(engine, content, atomic=True)
    assert [reject.reason for reject in refused.value.report.rejects] == ["unknown_patient"]
    assert rows(engine, patients) == rows(engine, fact) == rows(engine, import_reject) == 0


def test_one_implausible_value_goes_to_quarantine_without_failing_a_transaction(engine: Engine) -> None:
    content = bundle(patient(), lab("o", "2823-3", 400, "mmol/L", "2020"), lab("k", "2823-3", 4, "mmol/L", "2020"))
    report = take(engine, content, atomic=True)
    assert (report.imported, report.rejected) == (2, 1)
    assert rows(engine, import_reject) == 1


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"not json", UnreadableInput, "no import format"),
        (b'{"resourceType": ', UnreadableInput, "not JSON"),
        (b'{"id": "Patient"}', UnreadableInput, "no resourceType"),
        (encode({"resourceType": "Bundle", "type": "history"}), UnreadableInput, "type history"),
        (encode({"resourceType": "Bundle", "type": "batch", "entry": {}}), UnreadableInput, "not a list"),
        (bundle({"resourceType": "MedicationOrder"}), UnsupportedVersion, "DSTU2"),
        (bundle({"resourceType": "MedicationUsage"}), UnsupportedVersion, "R5"),
        (b"[" * 100_000, UnreadableInput, "no import format"),
        (b'{"resourceType":"Bundle","a":' + b"[" * 100_000, UnreadableInput, "not JSON"),
    ],
)
def test_what_is_not_a_bundle_is_refused_by_name(
    engine: Engine, content: bytes, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        take(engine, content)
    assert rows(engine, patients) == 0


def test_death_is_a_fact_with_its_time(engine: Engine) -> None:
    take(engine, bundle(patient(deceasedDateTime="2021-03-04T00:00:00Z")))
    with engine.connect() as connection:
        whose = people.find_patient(connection, "1")
        assert records.read_timeline(connection, whose, datetime(2021, 3, 3, tzinfo=UTC)).died_at is None
        assert records.read_timeline(connection, whose, NOW).died_at == datetime(2021, 3, 4, tzinfo=UTC)


def test_an_import_leaves_a_stale_twin_and_an_audit_row_for_each_patient(engine: Engine) -> None:
    take(engine, bundle(patient("a", mrn="1"), patient("b", mrn="2")))
    with engine.connect() as connection:
        assert connection.execute(text("select count(*) from twin where stale_since is not null")).scalar_one() == 2
    assert rows(engine, audit_event) == 2


def test_references_resolve_by_url_by_id_by_identifier_and_across_imports(engine: Engine) -> None:
    uuid = "urn:uuid:5b8e7e1c-0000-4000-8000-000000000001"
    entries = [
        {"fullUrl": uuid, "resource": patient("p9", mrn="9")},
        {"resource": lab("a", "2160-0", 1, "mg/dL", "2020", subject=uuid)},
        {"resource": lab("b", "2160-0", 1, "mg/dL", "2020", subject="https://ehr.example/fhir/Patient/p9")},
        {"resource": lab("c", "2160-0", 1, "mg/dL", "2020", subject="Patient?identifier=urn:mrn|9")},
    ]
    assert take(engine, encode({"resourceType": "Bundle", "type": "batch", "entry": entries})).imported == 4
    assert take(engine, bundle(lab("d", "2160-0", 1, "mg/dL", "2020", subject="Patient/p9"))).imported == 1
    assert rows(engine, patient_identifier) == 2


def test_a_corrected_birth_date_changes_nothing_said_of_an_earlier_day(engine: Engine) -> None:
    take(engine, bundle(patient(birth="1960-05-04"), lab("o", "2160-0", 1, "mg/dL", "2020-01-01")))
    take(engine, bundle(patient(birth="1940-05-04")), now=NOW + timedelta(days=1))
    with engine.connect() as connection:
        whose = people.find_patient(connection, "1")
        then = records.read_timeline(connection, whose, datetime(2024, 2, 1, tzinfo=UTC)).patient
        before = records.read_timeline(connection, whose, NOW).patient
        after = records.read_timeline(connection, whose, NOW + timedelta(days=2)).patient
    assert [str(each.birth_date) for each in (then, before, after)] == ["1960-05-04", "1960-05-04", "1940-05-04"]


def test_a_result_corrected_back_is_a_version_of_its_own_and_an_old_file_is_not(engine: Engine) -> None:
    def version(value: float, updated: str) -> bytes:
        return bundle(patient(), lab("o", "2160-0", value, "mg/dL", "2020-01-01", meta={"lastUpdated": updated}))

    first, second = version(1.1, "2020-01-02T00:00:00Z"), version(2.0, "2020-01-03T00:00:00Z")
    take(engine, first)
    assert take(engine, second).superseded == 1
    assert (take(engine, first).duplicates, take(engine, first).facts) == (2, 0)
    back = version(1.1, "2020-01-04T00:00:00Z")
    assert (take(engine, back).superseded, take(engine, back).facts) == (1, 0)
    with engine.connect() as connection:
        whose = people.find_patient(connection, "1")
        assert [f.value for f in records.read_timeline(connection, whose, NOW).series("creatinine")] == ["1.1"]


def test_an_import_that_wrote_nothing_is_audited_too(engine: Engine) -> None:
    take(engine, bundle(patient()))
    take(engine, bundle(patient()))
    with engine.connect() as connection:
        details = connection.execute(select(audit_event.c.detail).order_by(audit_event.c.id)).scalars().all()
    assert details == [{"written": True}, {"written": False}]


def test_a_patient_created_only_if_new_is_who_the_rest_of_the_bundle_means(engine: Engine) -> None:
    """What the demo sends: a second bundle with the patient as a conditional create, and a corrected result."""
    simulated = next(each for each in synth.cohort(3, seed=7, until=date(2026, 11, 22)) if each.correction)
    later = synth.correction(simulated)
    assert later is not None
    intake.take_bundle(engine, synth.encode(synth.bundle(simulated)), source="d", actor="t", atomic=True, now=NOW)
    report = intake.take_bundle(engine, synth.encode(later), source="d", actor="t", atomic=True, now=NOW)
    assert (report.duplicates, report.rejected) == (1, 0)
    assert report.imported + report.superseded == 1
