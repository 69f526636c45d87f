"""Which call of a variant counts, and how many copies it is for sure."""

import pytest

from tests.unit.forecast.test_genomics import variant
from tests.unit.forecast.timelines import ago, fact, timeline
from twin.record.fact import Fact
from twin.record.genome.called import DBSNP, called, sure_copies

CARRIER = variant(1, "rs11591147", "heterozygous")
LATER = variant(2, "rs11591147", "absent", known_at=ago(1))


def test_final_call_counts_before_a_newer_one_that_is_not_final() -> None:
    unsure = variant(3, "rs11591147", "homozygous", status="preliminary", known_at=ago(0))
    assert called(timeline([CARRIER, unsure]))["rs11591147"] == CARRIER
    assert called(timeline([unsure]))["rs11591147"] == unsure
    assert called(timeline([CARRIER, LATER]))["rs11591147"] == LATER


@pytest.mark.parametrize(
    ("calls", "copies"),
    [
        ([CARRIER], 1),
        ([LATER], 0),
        ([CARRIER, LATER], None),
        ([CARRIER, variant(2, "rs11591147", "heterozygous")], 1),
        ([CARRIER, variant(2, "rs11591147", "indeterminate")], None),
        ([variant(1, "rs11591147", "heterozygous", status="preliminary")], None),
        ([variant(1, "rs7412", "heterozygous")], None),
        ([], None),
    ],
)
def test_copies_are_sure_where_every_final_call_agrees(calls: list[Fact], copies: int | None) -> None:
    found = sure_copies(timeline(calls), "rs11591147")
    assert (None if found is None else found[0]) == copies


def test_newest_of_calls_that_agree_is_named() -> None:
    again = variant(5, "rs11591147", "heterozygous", known_at=ago(1))
    found = sure_copies(timeline([again, CARRIER]), "rs11591147")
    assert found is not None and found[1] == again


def test_observations_of_a_code_system_are_found_in_order() -> None:
    lab, drug = fact(7, "alt", ago(2), 30.0), fact(8, "statin", ago(2), kind="medication", coding=CARRIER.coding)
    assert timeline([lab, drug, LATER, CARRIER]).coded_in(DBSNP) == (CARRIER, LATER)
    assert timeline([lab]).coded_in(DBSNP) == ()
