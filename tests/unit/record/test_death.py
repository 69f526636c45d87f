"""When is a reading one of after death, and how old is somebody who has died?"""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from tests.unit.forecast.timelines import fact, timeline
from twin.importers.fhir.models import PatientModel
from twin.record.death import alive_until, is_after_death
from twin.record.fact import Absent, Fact

DAY = datetime(2024, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
HAWAII = timezone(-10 * HOUR)


def died(at: datetime, until: datetime | None = None, **changes: object) -> Fact:
    return fact(900, "death", at, kind="death", signal=None, quality="no_signal", ended_at=until, **changes)


@pytest.mark.parametrize(
    ("at", "is_after"),
    [
        (DAY, False),
        (DAY + 23 * HOUR, False),
        (datetime(2024, 3, 1, 22, tzinfo=HAWAII), False),
        (datetime(2024, 3, 2, tzinfo=UTC), True),
        (datetime(2024, 3, 2, 13, tzinfo=UTC), True),
        (DAY - HOUR, False),
    ],
)
def test_a_day_of_death_is_lived_to_its_end_wherever_that_is(at: datetime, is_after: bool) -> None:
    assert is_after_death(at, DAY) is is_after


@pytest.mark.parametrize(("hours", "is_after"), [(14, False), (14.1, True)])
def test_an_hour_of_death_is_taken_at_its_word(hours: float, is_after: bool) -> None:
    assert is_after_death(DAY + hours * HOUR, DAY + 14 * HOUR) is is_after


def test_of_several_deaths_the_one_that_must_have_come_first_stands() -> None:
    year = (datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert alive_until(()) is None
    assert alive_until((year,)) == year[1]
    assert alive_until((year, (DAY, None))) == DAY


def test_nobody_gets_older_than_at_death() -> None:
    born = date(1958, 6, 1)
    known = timeline((died(DAY),), as_of=DAY + timedelta(days=700), born=born)
    assert known.age() == known.age(DAY) == pytest.approx(65.75, abs=0.01)
    assert known.age(DAY - timedelta(days=3653)) == pytest.approx(55.75, abs=0.01)
    assert known.age(datetime(1950, 1, 1, tzinfo=UTC)) == Absent(reason="before_birth")


def test_a_death_that_nobody_knew_of_yet_marks_nothing() -> None:
    facts = (fact(1, "alt", DAY + 48 * HOUR, 40.0),)
    assert [each.id for each in timeline(facts).series("alt")] == [1]
    assert timeline((*facts, died(DAY))).series("alt") == ()
    assert [each.derived.quality for each in timeline((*facts, died(DAY))).about("alt")] == ["after_death"]


def test_a_diagnosis_coded_after_death_stands() -> None:
    coded = fact(1, "ckd", DAY + 72 * HOUR, kind="condition")
    assert timeline((coded, died(DAY))).series("ckd") == (coded,)


def test_of_a_month_of_death_every_day_may_have_been_lived() -> None:
    moment = PatientModel.model_validate({"resourceType": "Patient", "deceasedDateTime": "2024-03"}).deceasedDateTime
    assert moment is not None
    values = (fact(1, "alt", DAY + timedelta(days=20), 40.0), fact(2, "alt", DAY + timedelta(days=40), 40.0))
    known = timeline((*values, died(moment.start, moment.until)))
    assert [each.id for each in known.series("alt")] == [1]
