import re

import pytest

from tests.unit.forecast.test_change import course
from twin.forecast.change import Reading, judge, told
from twin.forecast.change_limit import Limit, limits
from twin.forecast.change_method import methods
from twin.organs.change_words import _METHODS, _PROTOCOL, because

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def said(readings: list[Reading], limit: Limit, unit: str = "µmol/L") -> tuple[str, str]:
    found = judge(readings, limit)[-1]
    assert found is not None
    text = because(told(found), unit)
    return text.en, text.zh_CN


def test_real_change_names_the_level_it_was_compared_with() -> None:
    english, chinese = said(course(80, 81, 79, 100), limits()["creatinine"])
    assert english == (
        "Outside 71.1–88.9 µmol/L, where the own level 80 µmol/L (mean of 3, Nov 2026 to May 2027) wanders by itself."
    )
    assert chinese == "超出 71.1–88.9 µmol/L，即本人水平 80 µmol/L（3 次平均，2026年11月至2027年5月）的自身波动范围。"


def test_no_real_change_says_so_and_a_single_value_is_no_mean() -> None:
    english, chinese = said(course(80, 81), limits()["creatinine"], "")
    assert english == "Within 69.1–90.9, where the own level 80 (Nov 2026) wanders by itself."
    assert chinese == "在 69.1–90.9 之内，即本人水平 80（2026年11月）的自身波动范围。"


def test_other_method_is_named_before_and_now() -> None:
    readings = [*course(3.0, method=("calculated",)), *course(4.0, method=("",))]
    english, chinese = said(readings, limits()["ldl_c"])
    assert english == "Made by another method than the value before: not stated (before: calculated)."
    assert chinese == "与前一次的检测方法不同：未说明（此前：计算值）。"


def test_unstated_protocol_is_named() -> None:
    english, chinese = said(course(100.0, 300.0, unstated=("kernel", "voltage")), limits()["agatston"], "")
    assert english == "The CT protocol moves this number and is not stated: kernel, voltage."
    assert chinese == "CT 扫描参数影响该数值，但未说明：重建核、管电压。"


@pytest.mark.parametrize("values", [(0.0, 1.0), (1.0, 2.0)])
def test_what_can_not_be_told_says_why(values: tuple[float, float]) -> None:
    english, chinese = said(course(*values), Limit(key="x", form="percent" if values[0] == 0 else "stated"))
    assert english.endswith(".") and CHINESE.search(chinese)


def test_every_method_has_a_chinese_name() -> None:
    named = {name for each in methods().values() for name in (*each.codes.values(), *each.words, *each.units.values())}
    assert named <= set(_METHODS) | {"CKD-EPI", "CKD-EPI 2021", "MDRD"}
    assert {part for each in methods().values() for part in each.scan} == {*_PROTOCOL, "contrast"}
