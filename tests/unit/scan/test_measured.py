"""What was measured in a CT becomes facts under our signals, with scanner, protocol and uncertainty."""

from datetime import UTC, datetime
from itertools import product

import pytest

from imaging.measure import MEASURES
from imaging.measure.base import Measurement
from twin.record.fact import Derived
from twin.record.quality import derive
from twin.record.signal import signals
from twin.scan.measured import SIGNALS, drafts, protocol

MADE, NOW = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
GE = {"manufacturer": "GE", "model": "LightSpeed", "kernel": "STANDARD", "slice_thickness_mm": 2.5, "kvp": 120.0}


def value(key: str, number: float, unit: str, level: str | None = None, **more: object) -> Measurement:
    return Measurement(key=key, unit=unit, method="own", source="a", value=number, level=level, **more)  # type: ignore[arg-type]


def test_every_mapped_key_is_measured_and_every_signal_is_one() -> None:
    keys = {key for each in MEASURES for key in each.keys}
    assert {key for key, _ in SIGNALS} <= keys
    assert set(SIGNALS.values()) <= set(signals())


@pytest.mark.parametrize(
    ("measured", "signal", "canonical"),
    [
        (value("agatston", 112.5, "{score}", "coronary"), "agatston", 112.5),
        (value("liver_attenuation_hu", 48.25, "[hnsf'U]"), "liver_hu", 48.25),
        (value("lung_volume_ml", 5123.4, "mL"), "lung_volume_ct", 5123.4),
        (value("aorta_diameter_mm", 41.5, "mm", "mid ascending"), "aorta_ascending_diameter", 41.5),
        (value("laa950_percent", 7.5, "%"), "laa950", 7.5),
        (value("muscle_area_cm2", 140.0, "cm2", "L3"), "muscle_area_l3", 140.0),
    ],
    ids=lambda each: each.key if isinstance(each, Measurement) else None,
)
def test_a_number_is_a_value_of_its_signal(measured: Measurement, signal: str, canonical: float) -> None:
    (draft,) = drafts([measured], GE, "study/1", MADE, NOW)
    read = derive(draft)
    assert isinstance(read, Derived)
    assert (read.signal, read.value, read.quality) == (signal, canonical, "ok")


def test_a_fact_says_scanner_protocol_uncertainty_and_when_it_was_true_and_known() -> None:
    (draft,) = drafts([value("perc15_hu", -930.0, "[hnsf'U]", sd=4.0)], GE, "study/1", MADE, NOW)
    assert draft.device == "GE LightSpeed, STANDARD, 2.5 mm, 120 kVp"
    assert (draft.sd, draft.observed_at, draft.known_at, draft.known_basis) == (4.0, MADE, NOW, "received")


def test_a_number_with_a_caution_is_shown_and_not_computed_on() -> None:
    (draft,) = drafts([value("perc15_hu", -930.0, "[hnsf'U]", caution="sharp kernel")], GE, "study/1", MADE, NOW)
    read = derive(draft)
    assert isinstance(read, Derived)
    assert (read.signal, read.quality) == ("perc15", "not_final")


def test_a_refusal_states_no_fact() -> None:
    refused = Measurement(key="agatston", unit="1", method="own", source="a", refused="contrast", level="coronary")
    assert drafts([refused], GE, "study/1", MADE, NOW) == []


def test_two_nodules_are_two_facts_and_no_one_series() -> None:
    found = [value(key, 6.0, "mm", f"region {rank}") for key, rank in product(["nodule_diameter_mm"], (1, 2))]
    first, second = drafts(found, {}, "study/1", MADE, NOW)
    assert first.where != second.where
    assert all(read.signal is None for read in map(derive, (first, second)) if isinstance(read, Derived))


def test_a_scanner_that_says_nothing_of_itself_has_no_protocol() -> None:
    assert protocol({"kernel": None}) is None


def test_contrast_is_part_of_the_protocol_that_a_later_value_is_compared_by() -> None:
    assert protocol({**GE, "contrast_agent": "Iohexol"}) == "GE LightSpeed, STANDARD, 2.5 mm, 120 kVp, with contrast"
