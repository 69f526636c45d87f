"""Which measured abnormalities a CT states, and that a number near its line or refused states none."""

from datetime import UTC, datetime

from imaging.measure.base import Measurement
from twin.scan import judged
from twin.store.studies import Study

NOW = datetime(2026, 11, 22, tzinfo=UTC)
STUDY = Study(
    id=7, patient_id="p", series_uid="1.2", study_uid="1", modality="CT", path=None, import_id=1, status="screened",
    revision=1, acquired_at=datetime(2026, 1, 2, tzinfo=UTC), described={"manufacturer": "Maker"}, tags={},
)  # fmt: skip


def number(key: str, value: float | None, sd: float | None = 1.0, level: str | None = None) -> Measurement:
    return Measurement(
        key=key, value=value, unit="1", sd=sd, refused=None if value is not None else "no such organ", level=level,
        method="drawn", source="none",
    )  # fmt: skip


def stated(*numbers: Measurement) -> dict[str, str | None]:
    return {each.coding.code: each.value for each in judged.drafts(STUDY, numbers, NOW)}


def test_a_number_surely_past_its_line_states_the_finding() -> None:
    (fact,) = judged.drafts(STUDY, [number("laa950_percent", 12.0)], NOW)
    assert (fact.kind, fact.coding.code, fact.value, fact.status) == ("finding", "emphysema", "present", "preliminary")
    assert fact.coding.display == "Emphysema (laa950_percent: 12 against 5, a cut-off that is not verified)"
    assert (fact.observed_at, fact.known_at, fact.device) == (STUDY.acquired_at, NOW, "Maker")


def test_a_number_near_its_line_on_the_other_side_or_refused_states_nothing() -> None:
    for value in (5.5, 2.0, None):
        assert stated(number("laa950_percent", value)) == {}


def test_a_number_of_unknown_error_is_not_surely_past_its_line() -> None:
    assert stated(number("laa950_percent", 12.0, None)) == {}


def test_calcium_of_the_coronaries_is_calcium_and_no_coronary_disease() -> None:
    told = stated(number("agatston", 120.0, 10.0, "coronary"))
    assert told == {"coronary_artery_wall_calcification": "present", "atherosclerosis": "present"}
