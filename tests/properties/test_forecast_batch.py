"""The same patient gets the same digits alone or in a batch, in any order."""

import json

import pytest

from tests.unit.forecast.timelines import NOW, ago, fact, history_of, table, timeline
from twin.snapshot import build, to_json

TABLES = (
    "months_ago 24 12 1\nalt 30 40 50\nast 30 35 45\nplatelets 200 180 160",
    "months_ago 24 12 1\nhba1c 5.8 6.0 6.2\nsbp 130 140 150\nldl_c 3 2.9 3.1",
    "months_ago 24 12 1\ncreatinine 120 140 160\nurine_acr 100 200 400",
)


def _patients() -> list:
    return [timeline((*table(rows), *history_of("diabetes"), fact(950, "height", ago(30), 170.0))) for rows in TABLES]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_digits_do_not_depend_on_who_came_before(order: tuple[int, ...]) -> None:
    alone = [json.dumps(to_json(build(patient, now=NOW))) for patient in _patients()]
    patients = _patients()
    batch = {number: json.dumps(to_json(build(patients[number], now=NOW))) for number in order}
    assert [batch[number] for number in range(3)] == alone
