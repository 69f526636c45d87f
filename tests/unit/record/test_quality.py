"""What is read out of a fact, what is kept and marked, and what is refused."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from twin.record.fact import Absent, Coding, Derived, FactDraft
from twin.record.local import NO_LOCAL, LocalMapping
from twin.record.quality import derive, derive_kept, mapping_version
from twin.record.units import MAPPING_VERSION

LOINC = "http://loinc.org"
AT = datetime(2026, 1, 2, tzinfo=UTC)


def draft(code: str, value: str | None, unit: str | None, system: str = LOINC, **more: object) -> FactDraft:
    made = FactDraft(
        kind="observation", coding=Coding(system=system, code=code), value_kind="number" if value else "none",
        value=value, unit=unit, observed_at=AT, known_at=AT, known_basis="issued", where="1", resource="1",
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "signal", "value", "quality"),
    [
        (draft("2160-0", "1.0", "mg/dL"), "creatinine", 88.4, "ok"),
        (draft("2160-0", "1.0", "mg/dL", comparator="<"), "creatinine", 88.4, "comparator"),
        (draft("2160-0", "1.0", "mg/dL", status="preliminary"), "creatinine", 88.4, "not_final"),
        (draft("2160-0", "1.0", None), "creatinine", None, "no_unit"),
        (draft("2160-0", None, None), "creatinine", None, "no_value"),
        (draft("33914-3", "60", "ml/min"), "egfr", None, "ambiguous_unit"),
        (draft("33914-3", "60", "mL/min/{1.73_m2}"), "egfr", 60.0, "ok"),
        (draft("10835-7", "30", "mg/dL"), "lpa", None, "ambiguous_unit"),
        (draft("10835-7", "0.3", "g/L"), "lpa", None, "ambiguous_unit"),
        (draft("2345-7", "99", "mg/dL"), "glucose", 5.4945, "ok"),
        (draft("1558-6", "99", "mg/dL"), "glucose_fasting", 5.4945, "ok"),
        (draft("nothing", "1", "g"), None, None, "no_signal"),
    ],
)
def test_a_measurement_is_read_or_kept_and_marked(
    given: FactDraft, signal: str | None, value: float | None, quality: str
) -> None:
    made = derive(given)
    assert isinstance(made, Derived)
    assert (made.signal, made.quality) == (signal, quality)
    assert made.value == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize(
    ("value", "unit", "reason"),
    [("1", "kg", "bad_unit"), ("90000", "umol/L", "implausible"), ("NaN", "", "impossible_value")],
)
def test_what_is_refused_on_the_way_in_is_marked_in_the_record(value: str, unit: str, reason: str) -> None:
    refused = derive(draft("2160-0", value, unit))
    assert isinstance(refused, Absent)
    assert refused.reason == reason
    kept = derive_kept(draft("2160-0", value, unit))
    assert (kept.signal, kept.value, kept.quality) == ("creatinine", None, reason)


def test_the_sites_words_are_read_and_their_version_stands_beside_ours() -> None:
    said = LocalMapping(codes={("", "x", "7"): "potassium"}, units={"mmol serum": "mmol/L"}, version="v7")
    made = derive(draft("7", "4.1", " mmol serum ", system="x"), source="lis", local=said)
    assert isinstance(made, Derived)
    assert (made.signal, made.value, made.mapping_version) == ("potassium", 4.1, f"{MAPPING_VERSION}+v7")
    assert mapping_version(NO_LOCAL) == MAPPING_VERSION


def test_a_local_unit_must_still_belong_to_the_analyte() -> None:
    said = LocalMapping(units={"mmol serum": "kg"}, version="v7")
    assert isinstance(derive(draft("2823-3", "4.1", "mmol serum"), local=said), Absent)
