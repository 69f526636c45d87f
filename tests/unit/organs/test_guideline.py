import pytest

from twin.errors import UnknownKey
from twin.organs import organ
from twin.organs.base import Text
from twin.organs.guideline import _rule, rule, rules


def test_rule_keeps_the_words_and_months_of_its_row() -> None:
    found = rule("FIB4-VHI")
    assert (found.interval_min_months, found.interval_max_months) == (0, 3)
    assert (found.status, found.priority, found.edition) == ("verified", "soon", "2024")
    assert "10.1016/j.jhep.2024.04.031" in found.source


def test_empty_interval_is_none() -> None:
    assert rule("FL17-01").interval_max_months is None


@pytest.mark.parametrize("column", ["status", "priority"])
def test_row_with_an_unknown_word_is_refused(column: str) -> None:
    row = {name: "" for name in ("interval_min_months", "interval_max_months")}
    row |= {"rule_id": "X", "status": "verified", "priority": "soon"} | {column: "perhaps"}
    with pytest.raises(ValueError, match="X is"):
        _rule(row)


def test_row_that_calls_something_else_a_house_value_is_refused() -> None:
    row = {name: "" for name in ("interval_min_months", "interval_max_months")}
    row |= {"rule_id": "X", "status": "verified", "priority": "soon", "house": "months colour"}
    with pytest.raises(ValueError, match="as a house value"):
        _rule(row)


def test_what_a_note_calls_the_houses_own_is_marked_in_its_row() -> None:
    assert rule("FIB4-VHI").house == rule("KFRE-5").house == ("months",)
    assert rule("MELD15").house == rule("PC-NG12-40").house == ("line",)
    assert rule("KD-CONFIRM").house == ()
    assert [each.rule_id for each in rules().values() if ("house" in each.note) != bool(each.house)] == []
    assert [each.rule_id for each in rules().values() if "months" in each.house and not each.interval_max_months] == []


def test_unknown_rule_and_organ_are_errors_by_name() -> None:
    with pytest.raises(UnknownKey, match="no rule 'NOPE'"):
        rule("NOPE")
    with pytest.raises(UnknownKey, match="no organ 'spleen'"):
        organ("spleen")


def test_every_row_is_read() -> None:
    assert len(rules()) == 161


def test_labels_are_those_of_signals_and_score_outputs() -> None:
    labels = organ("vascular").labels()
    assert labels["hdl_c", ""] == Text("HDL cholesterol", "高密度脂蛋白胆固醇")
    assert organ("kidney").labels()["ckdepi", "cr_2021"].en == "eGFR"
    assert organ("kidney").label("ckdepi", "cr_2021").en == "eGFR"
    assert organ("liver").label("hdl_c") == Text("hdl_c", "hdl_c")
