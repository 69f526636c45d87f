"""What stands open of an organ on the page, what is one click away, and what an empty one says."""

import pytest

from tests.unit.forecast.timelines import FALLING_PLATELETS, NOW, ago, fact, history_of, table, timeline
from twin.organs import ORGANS
from twin.record.fact import Fact
from twin.snapshot import build, to_json
from twin.web.dashboard.panels import FRONT, ROWS, OrganPage, all_values, organ_page
from twin.web.dashboard.shown import Body, text_of


def organ(key: str, *facts: Fact) -> Body:
    body = to_json(build(timeline(facts), now=NOW))
    return next(each for each in body["organs"] if each["key"] == key)


def page(key: str, *facts: Fact) -> OrganPage:
    return organ_page(organ(key, *facts))


@pytest.mark.parametrize("key", [each.key for each in ORGANS])
def test_organ_of_which_nothing_is_on_record_is_one_line_that_says_what_would_start_it(key: str) -> None:
    found = page(key)
    assert found.is_silent and found.starts_with is not None
    assert text_of(found.starts_with, "en").endswith(" it.") and text_of(found.starts_with, "zh_CN")


def test_one_measurement_ends_the_silence() -> None:
    assert not page("kidney", fact(1, "creatinine", ago(1), 80.0)).is_silent


def test_panels_with_a_line_or_a_change_stand_open_and_the_others_but_a_few_are_folded() -> None:
    keys = ("ggt", "alp", "albumin", "bilirubin_total", "inr", "sodium", "afp", "cap", "spleen_volume")
    values = [fact(i, key, ago(2), 5.0 if key != "sodium" else 140.0) for i, key in enumerate(keys)]
    found = page("liver", *table(FALLING_PLATELETS, start=100), *history_of("fatty_liver"), *values)
    open_ones = {panel.key for panel in found.front}
    assert "fib4" in open_ones
    plain = [
        panel for panel in found.front if not panel.lines and not (panel.latest and panel.latest.change == "changed")
    ]
    assert len(plain) == FRONT
    assert len(found.front) + len(found.folded) == len(found.panels)


def test_of_many_lines_on_one_value_only_those_within_reach_are_told() -> None:
    values = [fact(1, "creatinine", ago(1), 105.0), fact(2, "urine_acr", ago(1), 10.0), *history_of("ckd")]
    panel = next(each for each in page("kidney", *values).panels if each.key == "ckdepi")
    assert len(panel.crossings) > 10
    assert {line["key"] for line in panel.told} >= {"kdigo_g=G3a&kdigo_a=A1"}
    assert len(panel.told) <= 5


def test_reason_of_a_verdict_stands_beside_each_value_in_both_languages() -> None:
    facts = [fact(i, "creatinine", ago(20 - 4 * i), value) for i, value in enumerate((80.0, 81.0, 110.0))]
    panel = next(each for each in page("kidney", *facts).panels if each.key == "creatinine")
    newest, middle, first = panel.values
    assert (newest.change, middle.change, first.change) == ("changed", "no_real_change", None)
    assert first.why is None and newest.why is not None
    assert newest.why["en"].startswith("Outside ") and newest.why["zh_CN"].startswith("超出")
    assert panel.limit is not None and "CVi" in panel.limit


def test_limits_of_a_risk_read_in_percent_as_its_value_does() -> None:
    rows = "months_ago 24 12 1\ntotal_cholesterol 5 5 5\nhdl_c 1.3 1.3 1.3\nsbp 125 125 126\ncreatinine 75 75 75\n"
    rows += "bmi 25 25 25"
    smoked = fact(900, "smoking_status", ago(30), code="never")
    panel = next(each for each in page("vascular", *table(rows), smoked).panels if each.output == "ascvd")
    assert panel.latest is not None and panel.latest.judged is not None
    assert panel.latest.judged["low"] < panel.latest.value < panel.latest.judged["high"]


def test_three_thousand_values_show_a_dozen_and_all_of_them_on_their_own_page() -> None:
    many = [fact(i, "creatinine", ago(300 - i / 10), 80.0 + i % 5) for i in range(3000)]
    body = organ("kidney", *many)
    panel = next(each for each in organ_page(body).panels if each.key == "creatinine")
    assert (len(panel.values), panel.total) == (ROWS, 3000)
    whole = all_values(body, "signal-creatinine")
    assert whole is not None and len(whole.values) == 3000


def test_value_of_another_unit_or_from_before_birth_is_shown_and_not_judged() -> None:
    facts = (
        fact(1, "creatinine", ago(1000), 80.0), fact(2, "creatinine", ago(9), None, quality="bad_unit", unit="mmol"),
        fact(3, "creatinine", ago(1), 82.0),
    )  # fmt: skip
    points = organ("kidney", *facts)["signals"][0]["points"]
    assert [(point["reason"], point["judged"]) for point in points] == [
        ("before_birth", None), ("bad_unit", None), (None, None)
    ]  # fmt: skip
