"""Why now, in one or two sentences a clinician reads in five seconds: what, since when, how sure, driven by what."""

from datetime import date, datetime

import numpy as np

from twin.forecast.crossing import Driver, Probability
from twin.forecast.crossing_panel import Crossing
from twin.forecast.signal_panel import Trend
from twin.organs import ORGANS
from twin.organs.base import Text, past
from twin.record.units.written import written

_REAL = {
    "changed": Text("real change", "真实变化"),
    "no_real_change": Text("no real change", "无真实变化"),
    "cannot_tell": Text("can't tell whether real", "无法判断是否为真实变化"),
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_AGE = Text("age", "年龄")
_CONTRADICTED = Text(
    " Two values of the same time contradict each other: check which is right.", "同一时间的两个数值相互矛盾：请核对。"
)


def reason(crossing: Crossing, by: Probability, horizon: date) -> Text:
    """Return the reason of a recall.

    Args:
        by: the probability of having passed the line by `horizon`; unused where it is passed already.

    Probabilities are whole percent with their interval. No name and no date of birth is ever in it.
    """
    said = _reason(crossing, by, horizon)
    doubt = _CONTRADICTED if crossing.contradicted else Text("", "")
    return Text(said.en + doubt.en, said.zh_CN + doubt.zh_CN)


def _reason(crossing: Crossing, by: Probability, horizon: date) -> Text:
    name, chinese = _name(crossing.on["key"], crossing.on["output"])
    start = _capital(name)
    if crossing.already_past and crossing.past_since is not None:
        now, line, side = _number(crossing, crossing.newest or 0.0), _line(crossing), _past(crossing)
        since, tail = month(crossing.past_since), _tail(crossing, crossing.trend)
        return Text(
            f"{start} is {now}, {side.en} {line} since {since.en}{tail.en}.",
            f"{chinese}为 {now}，自{since.zh_CN}起{side.zh_CN} {line}{tail.zh_CN}。",
        )
    chance = f"{_percent(by.p)} % ({_percent(by.low)}-{_percent(by.high)})"
    chance_chinese = f"{_percent(by.p)} %（{_percent(by.low)}-{_percent(by.high)}）"
    driver, course, beyond = _driver(crossing.drivers), _course(crossing, start, chinese), _beyond(crossing)
    return Text(
        f"{course.en}{beyond.en} {chance} likely {_past(crossing).en} {_line(crossing)} "
        f"by {month(horizon).en}{driver.en}.",
        f"{course.zh_CN}{beyond.zh_CN}到{month(horizon).zh_CN}{_past(crossing).zh_CN} {_line(crossing)} 的可能性为 "
        f"{chance_chinese}{driver.zh_CN}。",
    )


def month(day: date) -> Text:
    """Return a day as month and year."""
    return Text(f"{_MONTHS[day.month - 1]} {day.year}", f"{day.year}年{day.month}月")


def label(key: str) -> Text:
    """Return the name of a signal or input as any organ shows it; `age` by its own."""
    if key == "age":
        return _AGE
    return _label(key, "")


def _course(crossing: Crossing, start: str, chinese: str) -> Text:
    trend = crossing.trend
    if trend is None:
        now = _number(crossing, crossing.newest or 0.0)
        return Text(f"{start} is {now}.", f"{chinese}为 {now}。")
    is_up, real = trend.value_to > trend.value_from, _REAL[trend.verdict]
    before, now = _number(crossing, trend.value_from), _number(crossing, trend.value_to)
    span = _span(trend.at_from, trend.at_to)
    if trend.verdict == "changed":
        verb = Text("has risen", "升至") if is_up else Text("has fallen", "降至")
    else:
        verb = Text("went", "变为")
    return Text(
        f"{start} {verb.en} from {before} to {now} in {span.en} ({real.en}).",
        f"{chinese}在{span.zh_CN}内从 {before} {verb.zh_CN} {now}（{real.zh_CN}）。",
    )


def _beyond(crossing: Crossing) -> Text:
    """Said where one value lies past the line and the course as a whole does not."""
    if crossing.newest is None or not _is_past(crossing, crossing.newest):
        return Text("", "")
    return Text(
        " The newest value lies past the line, the course as a whole not yet.", "最新值已越线，但整体趋势尚未越线。"
    )


def _tail(crossing: Crossing, trend: Trend | None) -> Text:
    if trend is None:
        return Text("", "")
    before, real = _number(crossing, trend.value_from), _REAL[trend.verdict]
    at = month(trend.at_from.date())
    return Text(f"; it was {before} in {at.en} ({real.en})", f"；{at.zh_CN}为 {before}（{real.zh_CN}）")


def _driver(drivers: tuple[Driver, ...]) -> Text:
    if not drivers:
        return Text("", "")
    first, share = drivers[0], f"{_percent(drivers[0].share)} %"
    name = label(first.key)
    if first.key == "age":
        return Text(f", driven by {name.en} ({share})", f"，主要由{name.zh_CN}增长驱动（{share}）")
    way = "上升" if first.direction == "rising" else "下降"
    return Text(f", driven by {first.direction} {name.en} ({share})", f"，主要由{name.zh_CN}{way}驱动（{share}）")


_SIDES = {
    ">": Text("past", "超过"),
    ">=": Text("at or past", "达到或超过"),
    "<": Text("below", "低于"),
    "<=": Text("at or below", "达到或低于"),
}


def _past(crossing: Crossing) -> Text:
    return _SIDES[crossing.comparison]


def _name(key: str, output: str) -> tuple[str, str]:
    text = _label(key, output)
    space = " " if text.zh_CN[-1:].isascii() else ""  # between Latin letters and Chinese ones
    return text.en, text.zh_CN + space


def _label(key: str, output: str) -> Text:
    labels = (organ.labels().get((key, output)) for organ in ORGANS)
    return next((text for text in labels if text is not None), Text(key, key))


def _line(crossing: Crossing) -> str:
    if _is_risk(crossing):
        return f"{100 * crossing.value:g} %"
    return f"{crossing.value:g}{_unit(crossing)}"


def _number(crossing: Crossing, value: float) -> str:
    """A value as the clinic writes it; more decimals where one would put it on the wrong side of the line."""
    unit = _unit(crossing)
    if _is_risk(crossing):
        return f"{100 * value:.1f} %"
    if value >= 100 or float(value).is_integer():
        return f"{value:.0f}{unit}"
    decimals = next((n for n in (1, 2, 3) if _is_past(crossing, round(value, n)) == _is_past(crossing, value)), 3)
    return f"{value:.{decimals}f}{unit}"


def _unit(crossing: Crossing) -> str:
    named = written(crossing.unit)
    return f" {named}" if named else ""


def _is_past(crossing: Crossing, value: float) -> bool:
    return bool(past(np.array([value]), crossing.comparison, crossing.value)[0])


def _is_risk(crossing: Crossing) -> bool:
    """A probability is written in percent."""
    return crossing.unit == "1" and crossing.value < 1


def _percent(share: float) -> int:
    return round(100 * share)


def _span(start: datetime, end: datetime) -> Text:
    months = round((end - start).days / 30.4375)
    if months >= 18:
        years = round(months / 12)
        return Text(f"{years} years", f"{years}年")
    return Text(f"{months} months", f"{months}个月")


def _capital(text: str) -> str:
    """A sentence's first letter, but not of a name like eGFR."""
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]
