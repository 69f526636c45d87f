"""New values taken into what is kept, a step each: the digits of the whole computation, and the recalls at once."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from alerts.recall import Recall
from tests.builders import bundle, lab, patient
from twin import advance, carry, intake, part, rescore, synth
from twin.forecast.group import group_of, with_linked
from twin.record.genome.called import DBSNP
from twin.record.holding import weekly
from twin.settings import Settings
from twin.store import people, records, states
from twin.store.alerts import PostgresAlerts

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=21)
HBA1C, CREATININE, ALT, PLATELETS, LDL = "4548-4", "14682-9", "1742-6", "777-3", "13457-7"
AST = "1920-8"
BILIRUBIN, LPA = "14631-6", "43583-4"
SIGNAL = {HBA1C: "hba1c", CREATININE: "creatinine", ALT: "alt", PLATELETS: "platelets", LDL: "ldl_c"}
SIGNAL |= {BILIRUBIN: "bilirubin_total", LPA: "lpa"}


class Clinic:
    """One drawn patient with a whole twin, and what comes in later."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine, self.settings, self.alerts = engine, settings, PostgresAlerts(engine)
        self.number = 0

    def arrive(self, seed: int = 1) -> str:
        (drawn,) = synth.cohort(1, seed=seed, until=NOW.date())
        content = synth.encode(synth.bundle(drawn))
        report = intake.take_bundle(self.engine, content, source="s", actor="t", atomic=True, now=NOW)
        (whose,) = report.patients
        with self.engine.connect() as connection:
            known = people.get_patient(connection, whose)
        named = next(each for each in known.identifiers if each.kind == "MR")
        self.subject = f"Patient?identifier={named.system}|{named.value}"
        self.whole(whose, NOW)
        return whose

    def send(self, code: str, value: float, unit: str, at: datetime, now: datetime = LATER, **more: Any) -> None:
        self.number += 1
        one = lab(
            more.pop("key", f"new-{self.number}"), code, value, unit, at.isoformat(), subject=self.subject, **more
        )
        self.take(one, now - timedelta(hours=1))

    def take(self, resource: dict[str, Any], now: datetime) -> None:
        content = bundle(resource, kind="batch") if "request" in resource else bundle(resource)
        intake.take_bundle(self.engine, content, source="s", actor="t", atomic=True, now=now)

    def advance(self, whose: str, now: datetime = LATER) -> rescore.Rescored | None:
        return advance.advance(self.engine, self.settings, whose, now=now)

    def whole(self, whose: str, now: datetime = LATER) -> None:
        rescore.rescore(self.engine, self.alerts, self.settings, whose, now=now)

    def kept(self, whose: str) -> dict[str, states.OrganState]:
        with self.engine.connect() as connection:
            return states.of_patient(connection, whose)

    def live(self, whose: str) -> dict[str, Recall]:
        return {each.key: each for each in self.alerts.live(whose)}


@pytest.fixture
def clinic(engine: Engine, settings: Settings) -> Clinic:
    return Clinic(engine, settings)


def state(kept: dict[str, states.OrganState], key: str) -> Mapping[str, Any]:
    name = group_of(key).name
    return next(each.signals[name] for each in kept.values() if name in each.signals)


def lines(kept: dict[str, states.OrganState]) -> dict[str, np.void]:
    return {
        f"{organ}/{key}": row
        for organ, each in kept.items()
        for key, row in zip(each.keys, np.frombuffer(each.lines, carry.LINE), strict=True)
    }


@pytest.mark.parametrize(
    ("code", "value", "unit"),
    [
        (HBA1C, 7.4, "%"),
        (CREATININE, 180.0, "umol/L"),
        (ALT, 95.0, "U/L"),
        (PLATELETS, 88.0, "10*9/L"),
        (LDL, 5.2, "mmol/L"),
    ],
)
@pytest.mark.parametrize("seed", [1, 5])
def test_a_step_gives_the_digits_of_the_whole(clinic: Clinic, code: str, value: float, unit: str, seed: int) -> None:
    whose = clinic.arrive(seed)
    clinic.send(code, value, unit, LATER - timedelta(hours=3))
    assert clinic.advance(whose) is not None
    stepped, raised = clinic.kept(whose), clinic.live(whose)
    clinic.whole(whose)
    whole = clinic.kept(whose)
    assert {key: each.signals for key, each in stepped.items()} == {key: each.signals for key, each in whole.items()}
    assert {key: each.keys for key, each in stepped.items()} == {key: each.keys for key, each in whole.items()}
    assert {key: each.last_fact for key, each in stepped.items()} == {
        key: each.last_fact for key, each in whole.items()
    }
    before, after = lines(stepped), lines(whole)
    moved = {key for key, row in before.items() if row["as_of"] == LATER.timestamp()}
    on_it = {f"{organ.key}/{line.key}" for organ, line in part.lines_on(with_linked({SIGNAL[code]}))}
    assert moved == on_it & before.keys()
    for key in moved:
        assert before[key].tobytes() == after[key].tobytes(), key
    assert {key: each.evidence for key, each in raised.items()} == {
        key: each.evidence for key, each in clinic.live(whose).items()
    }


@pytest.mark.parametrize("is_pregnant", [False, True])
def test_a_step_in_a_pregnancy_told_as_an_answer_gives_the_digits_of_the_whole(
    clinic: Clinic, is_pregnant: bool
) -> None:
    whose = clinic.arrive(5)
    for code, value, unit in ((AST, 60.0, "U/L"), (ALT, 40.0, "U/L"), (PLATELETS, 110.0, "10*9/L")):
        clinic.send(code, value, unit, NOW - timedelta(days=2), NOW)
    if is_pregnant:
        clinic.take(_pregnant(clinic), NOW - timedelta(hours=1))
    clinic.whole(whose, NOW)
    clinic.send(ALT, 61.0, "U/L", LATER - timedelta(days=1))
    assert clinic.advance(whose) is not None
    before = lines(clinic.kept(whose))
    clinic.whole(whose)
    after = lines(clinic.kept(whose))
    assert before.keys() == after.keys()
    moved = [key for key, row in before.items() if row["as_of"] == LATER.timestamp()]
    assert all(before[key].tobytes() == after[key].tobytes() for key in moved)
    assert any("fib4" in key for key in moved) is not is_pregnant


def _pregnant(clinic: Clinic) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": "pregnant",
        "status": "final",
        "code": _loinc("82810-3"),
        "subject": {"reference": clinic.subject},
        "effectiveDateTime": (NOW - timedelta(days=30)).isoformat(),
        "valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "77386006"}]},
    }


@pytest.mark.parametrize(("status", "quality"), [("completed", "ok"), ("in-progress", "not_final")])
def test_dialysis_of_four_days_is_read_with_its_end(clinic: Clinic, status: str, quality: str) -> None:
    whose = clinic.arrive()
    begin, end = NOW - timedelta(days=6), NOW - timedelta(days=2)
    clinic.take(
        {
            "resourceType": "Procedure", "id": "filtration", "status": status, "subject": {"reference": clinic.subject},
            "code": {"coding": [{"system": "http://snomed.info/sct", "code": "265764009"}]},
            "performedPeriod": {"start": begin.isoformat(), "end": end.isoformat()},
        },
        NOW - timedelta(days=1),
    )  # fmt: skip
    with clinic.engine.connect() as connection:
        timeline = records.read_timeline(connection, whose, NOW)
    (told,) = timeline.about("dialysis")
    assert (told.observed_at, told.ended_at, told.derived.quality) == (begin, end, quality)
    assert any(spell.covers(NOW) for spell in weekly(timeline, "dialysis")) is (quality == "ok")


def test_a_new_value_past_a_line_opens_the_recall_at_once(clinic: Clinic) -> None:
    whose = clinic.arrive()
    assert "pancreas/hba1c>=6.5" not in clinic.live(whose)
    clinic.send(HBA1C, 7.9, "%", LATER - timedelta(days=60))
    clinic.send(HBA1C, 8.1, "%", LATER - timedelta(hours=3))
    assert clinic.advance(whose) == rescore.Rescored(opened=1)
    assert "pancreas/hba1c>=6.5" in clinic.live(whose)
    assert clinic.advance(whose) == rescore.Rescored()  # nothing new: nothing done


def test_a_late_value_follows_the_series_again(clinic: Clinic) -> None:
    whose = clinic.arrive()
    clinic.send(HBA1C, 8.0, "%", NOW - timedelta(days=500))
    assert clinic.advance(whose) is not None
    stepped = clinic.kept(whose)
    clinic.whole(whose)
    assert state(stepped, "hba1c") == state(clinic.kept(whose), "hba1c")


def test_a_corrected_value_is_taken_back(clinic: Clinic) -> None:
    whose = clinic.arrive()
    clinic.send(HBA1C, 11.9, "%", LATER - timedelta(days=2), LATER - timedelta(days=1), key="wrong")
    assert clinic.advance(whose, LATER - timedelta(days=1)) is not None
    wrong = state(clinic.kept(whose), "hba1c")["x"]
    clinic.send(HBA1C, 6.0, "%", LATER - timedelta(days=2), key="wrong", status="corrected")
    assert clinic.advance(whose) is not None
    stepped = clinic.kept(whose)
    clinic.whole(whose)
    assert state(stepped, "hba1c") == state(clinic.kept(whose), "hba1c")
    assert state(stepped, "hba1c")["x"] != wrong


def test_a_treatment_that_acts_between_two_computations_is_in_the_step(clinic: Clinic) -> None:
    whose = clinic.arrive()
    clinic.send(LDL, 4.9, "mmol/L", NOW - timedelta(days=2), NOW)
    clinic.take(_medicine(clinic, "C10AX09", "ezetimibe", NOW - timedelta(hours=3)), NOW - timedelta(hours=1))
    clinic.whole(whose, NOW)
    untreated = state(clinic.kept(whose), "ldl_c")
    clinic.send(LDL, 4.1, "mmol/L", LATER - timedelta(hours=3))
    assert clinic.advance(whose) is not None
    stepped = clinic.kept(whose)
    clinic.whole(whose)
    assert state(stepped, "ldl_c") == state(clinic.kept(whose), "ldl_c") != untreated


@pytest.mark.parametrize(
    ("rsid", "code", "value", "unit"), [("rs11591147", LDL, 3.9, "mmol/L"), ("rs887829", BILIRUBIN, 19.0, "umol/L")]
)
def test_a_step_after_a_genotype_gives_the_digits_of_the_whole(
    clinic: Clinic, rsid: str, code: str, value: float, unit: str
) -> None:
    whose = clinic.arrive()
    before = state(clinic.kept(whose), SIGNAL[code])
    clinic.take(_genotype(clinic, rsid), NOW - timedelta(hours=1))
    clinic.whole(whose, NOW)
    clinic.send(code, value, unit, LATER - timedelta(hours=3))
    assert clinic.advance(whose) is not None
    stepped = clinic.kept(whose)
    assert state(stepped, SIGNAL[code])["x"] != before["x"]
    clinic.whole(whose)
    assert state(stepped, SIGNAL[code]) == state(clinic.kept(whose), SIGNAL[code])


def test_a_first_reading_after_a_genotype_is_expected_where_the_gene_moves_it(clinic: Clinic) -> None:
    whose = clinic.arrive()
    clinic.take(_genotype(clinic, "rs3798220"), NOW - timedelta(hours=1))
    clinic.whole(whose, NOW)
    assert not any(group_of("lpa").name in each.signals for each in clinic.kept(whose).values())
    clinic.send(LPA, 140.0, "nmol/L", LATER - timedelta(hours=3))
    assert clinic.advance(whose) is not None
    stepped = clinic.kept(whose)
    clinic.whole(whose)
    assert state(stepped, "lpa") == state(clinic.kept(whose), "lpa")


def test_a_late_value_before_the_first_moves_what_is_inborn_to_it(clinic: Clinic) -> None:
    whose = clinic.arrive()
    clinic.take(_genotype(clinic, "rs11591147"), NOW - timedelta(hours=1))
    clinic.whole(whose, NOW)
    clinic.send(LDL, 4.4, "mmol/L", NOW - timedelta(days=9_000))
    assert clinic.advance(whose) is not None
    stepped = clinic.kept(whose)
    clinic.whole(whose)
    assert state(stepped, "ldl_c") == state(clinic.kept(whose), "ldl_c")


def test_a_genotype_that_moves_a_signal_is_left_to_the_whole(clinic: Clinic) -> None:
    whose = clinic.arrive()
    without = state(clinic.kept(whose), "ldl_c")
    clinic.take(_genotype(clinic, "rs11591147"), LATER - timedelta(hours=1))
    clinic.send(LDL, 3.9, "mmol/L", LATER - timedelta(hours=3))
    assert clinic.advance(whose) is None
    clinic.whole(whose)
    assert state(clinic.kept(whose), "ldl_c")["x"] != without["x"]


def test_a_genotype_that_moves_nothing_is_no_news(clinic: Clinic) -> None:
    whose = clinic.arrive()
    clinic.take(_genotype(clinic, "rs6025"), LATER - timedelta(hours=1))
    assert clinic.advance(whose) == rescore.Rescored()


def _genotype(clinic: Clinic, rsid: str) -> dict[str, Any]:
    """Two copies of the ALT allele, as Genomics Reporting states them."""
    code, number, allelic = (_loinc(each) for each in ("69548-6", "81255-2", "53034-5"))
    return {
        "resourceType": "Observation", "id": f"genotype-{rsid}", "status": "final", "code": code,
        "subject": {"reference": clinic.subject}, "effectiveDateTime": "2022-06-08",
        "valueCodeableConcept": _loinc("LA9633-4"),
        "component": [
            {"code": number, "valueCodeableConcept": {"coding": [{"system": DBSNP, "code": rsid}]}},
            {"code": allelic, "valueCodeableConcept": _loinc("LA6705-3")},
        ],
    }  # fmt: skip


def _loinc(code: str) -> dict[str, Any]:
    return {"coding": [{"system": "http://loinc.org", "code": code}]}


def test_values_of_one_moment_that_come_apart_are_followed_again(clinic: Clinic) -> None:
    whose = clinic.arrive()
    at = LATER - timedelta(hours=3)
    clinic.send("6768-6", 90.0, "U/L", at, LATER - timedelta(hours=2))
    clinic.send(ALT, 60.0, "U/L", at, LATER - timedelta(hours=2))
    assert clinic.advance(whose, LATER - timedelta(hours=1)) is not None
    together = clinic.kept(whose)
    clinic.whole(whose, LATER - timedelta(hours=1))
    assert state(together, "alt") == state(clinic.kept(whose), "alt")
    clinic.send("1920-8", 55.0, "U/L", at, LATER)
    assert clinic.advance(whose, LATER) is not None
    stepped = clinic.kept(whose)
    clinic.whole(whose, LATER)
    assert state(stepped, "ast") == state(clinic.kept(whose), "ast")


def test_a_birth_date_corrected_since_is_left_to_the_whole(clinic: Clinic) -> None:
    whose = clinic.arrive()
    with clinic.engine.connect() as connection:
        known = people.get_patient(connection, whose)
    named = next(each for each in known.identifiers if each.kind == "MR")
    whom = [{"system": named.system, "value": named.value}]
    corrected = patient(mrn=None, birth="1931-02-03", identifier=whom)
    clinic.take(corrected, LATER - timedelta(hours=2))
    clinic.send(HBA1C, 7.0, "%", LATER - timedelta(hours=3))
    assert clinic.advance(whose) is None


def _medicine(clinic: Clinic, atc: str, name: str, since: datetime) -> dict[str, Any]:
    return {
        "resourceType": "MedicationStatement",
        "id": f"medicine-{atc}",
        "status": "active",
        "subject": {"reference": clinic.subject},
        "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": atc, "display": name}]},
        "effectivePeriod": {"start": since.isoformat()},
    }


def test_what_is_no_value_of_a_followed_signal_is_left_to_the_whole(clinic: Clinic) -> None:
    whose = clinic.arrive()
    condition = {
        "resourceType": "Condition",
        "id": "c1",
        "subject": {"reference": clinic.subject},
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "verificationStatus": {"coding": [{"code": "confirmed"}]},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "I21.9"}]},
        "recordedDate": LATER.isoformat(),
        "onsetDateTime": (LATER - timedelta(days=4)).isoformat(),
    }
    clinic.take(condition, LATER)
    assert clinic.advance(whose, LATER + timedelta(hours=1)) is None


def test_a_patient_without_states_is_left_to_the_whole(clinic: Clinic) -> None:
    report = intake.take_bundle(
        clinic.engine, bundle(patient(), lab("a", HBA1C, 6.0, "%", NOW.isoformat())), source="s", actor="t",
        atomic=True, now=NOW,
    )  # fmt: skip
    assert clinic.advance(report.patients[0]) is None
