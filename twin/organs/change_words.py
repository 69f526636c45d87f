"""Why is a change real, not real, or not to be told? One sentence in both languages, from a verdict as it is stored."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from twin.organs.base import Text

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_METHODS = {
    "calculated": "计算值",
    "direct": "直接法",
    "fasting": "空腹",
    "whole blood": "全血",
    "venous blood": "静脉血",
    "arterial blood": "动脉血",
    "enzymatic": "酶法",
    "Jaffe": "Jaffe 法",
    "total CO2": "总二氧化碳",
    "24 h urine": "24 小时尿",
    "pulse oximetry": "脉搏血氧",
    "manual count": "手工计数",
    "before bronchodilator": "支气管舒张前",
    "after bronchodilator": "支气管舒张后",
    "transient elastography": "瞬时弹性成像",
    "shear wave": "剪切波",
    "measured here": "本系统测量",
    "measured here, with a caution": "本系统测量（有保留）",
    "reported": "报告值",
    "with contrast": "增强",
}
_PROTOCOL = {"scanner": "扫描仪", "kernel": "重建核", "slice": "层厚", "voltage": "管电压"}
_UNKNOWN = Text(
    "How far this measurement wanders in one person is not known.", "该指标在同一人身上的正常波动范围未知。"
)
_NO_RATIO = Text("A change from or to zero has no proportion.", "与零值比较无法计算变化比例。")


def because(told: Mapping[str, object], unit: str) -> Text:
    """Return the sentence for a verdict.

    Args:
        told: as `change.told` gives it and a snapshot holds it: numbers in `unit`, days as dates or ISO text.
    """
    match told["because"]:
        case "unknown_variation":
            return _UNKNOWN
        case "no_ratio":
            return _NO_RATIO
        case "other_method":
            return _other_method(told["differs"])  # type: ignore[arg-type]  # pairs, by the type of `Judged.differs`
        case "unstated_protocol":
            return _unstated(told["unstated"])  # type: ignore[arg-type]  # names, by the type of `Judged.unstated`
        case _:
            return _compared(told, unit)


def _compared(told: Mapping[str, object], unit: str) -> Text:
    low, high, level = (_number(told[key]) for key in ("low", "high", "level"))
    end = f" {unit}" if unit else ""
    start, stop, count = _month(told["since"]), _month(told["until"]), told["count"]
    when = start if start == stop else (f"{start[0]} to {stop[0]}", f"{start[1]}至{stop[1]}")
    mean = ("", "") if count == 1 else (f"mean of {count}, ", f"{count} 次平均，")
    own = f"the own level {level}{end} ({mean[0]}{when[0]})"
    chinese = f"本人水平 {level}{end}（{mean[1]}{when[1]}）"
    if told["because"] == "beyond":
        return Text(
            f"Outside {low}–{high}{end}, where {own} wanders by itself.",
            f"超出 {low}–{high}{end}，即{chinese}的自身波动范围。",
        )
    return Text(
        f"Within {low}–{high}{end}, where {own} wanders by itself.",
        f"在 {low}–{high}{end} 之内，即{chinese}的自身波动范围。",
    )


def _other_method(differs: Sequence[Sequence[str]]) -> Text:
    english = ", ".join(f"{new or 'not stated'} (before: {old or 'not stated'})" for old, new in differs)
    chinese = "，".join(f"{_chinese(new)}（此前：{_chinese(old)}）" for old, new in differs)
    return Text(f"Made by another method than the value before: {english}.", f"与前一次的检测方法不同：{chinese}。")


def _unstated(parts: Sequence[str]) -> Text:
    english, chinese = ", ".join(parts), "、".join(_PROTOCOL[part] for part in parts)
    return Text(
        f"The CT protocol moves this number and is not stated: {english}.",
        f"CT 扫描参数影响该数值，但未说明：{chinese}。",
    )


def _chinese(method: str) -> str:
    return _METHODS.get(method, method) if method else "未说明"


def _number(value: object) -> str:
    """About three significant figures, as the page writes a number."""
    assert isinstance(value, int | float)
    size = abs(value)
    text = f"{value:.{0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _month(value: object) -> tuple[str, str]:
    day = value if isinstance(value, date | datetime) else datetime.fromisoformat(str(value))
    return f"{_MONTHS[day.month - 1]} {day.year}", f"{day.year}年{day.month}月"
