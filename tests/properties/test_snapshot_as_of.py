"""Nothing known after T changes a digit of the snapshot at T."""

import json
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.forecast.timelines import FALLING_PLATELETS, NOW, ago, fact, history_of, table, timeline
from twin.record.fact import Fact
from twin.record.timeline import known
from twin.snapshot import build, to_json

SIGNALS = ("alt", "ast", "platelets", "sbp", "ldl_c", "hba1c", "creatinine", "urine_acr", "weight", "inr")
CONCEPTS = ("diabetes", "ascvd", "cirrhosis", "statin", "dialysis")
EARLIER = (*table(FALLING_PLATELETS), *history_of("fatty_liver"))

measured = st.builds(
    lambda number, key, months, value, delay: fact(
        10_000 + number, key, ago(months), value, known_at=NOW + timedelta(seconds=1) + delay
    ),
    st.integers(0, 10_000),
    st.sampled_from(SIGNALS),
    st.floats(-6, 120),
    st.floats(0.5, 400),
    st.timedeltas(timedelta(0), timedelta(days=4000)),
)
stated = st.builds(
    lambda number, key, months, kind: fact(
        20_000 + number, key, ago(months), kind=kind, known_at=NOW + timedelta(days=1)
    ),
    st.integers(0, 10_000),
    st.sampled_from(CONCEPTS),
    st.floats(0, 120),
    st.sampled_from(("condition", "medication", "death", "finding", "encounter")),
)


def _json(facts: tuple[Fact, ...]) -> str:
    return json.dumps(to_json(build(timeline(facts), now=NOW)))


BEFORE = _json(EARLIER)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(later=st.lists(st.one_of(measured, stated), max_size=12, unique_by=lambda item: item.id))
def test_facts_known_later_change_no_digit(later: list[Fact]) -> None:
    assert _json((*EARLIER, *later)) == BEFORE
    assert _json(known((*EARLIER, *later), NOW)) == BEFORE


@settings(max_examples=20, deadline=None)
@given(which=st.sets(st.integers(1, 27)), delay=st.timedeltas(timedelta(seconds=1), timedelta(days=900)))
def test_corrections_made_later_change_no_digit(which: set[int], delay: timedelta) -> None:
    corrected = tuple(replace(item, superseded_at=NOW + delay) if item.id in which else item for item in EARLIER)
    assert _json(corrected) == BEFORE


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(EARLIER))
def test_order_of_import_changes_no_digit(order: list[Fact]) -> None:
    assert _json(tuple(order)) == BEFORE


def test_fact_known_in_time_does_change_the_snapshot() -> None:
    assert _json((*EARLIER, fact(30_000, "platelets", ago(0.5), 90.0))) != BEFORE
