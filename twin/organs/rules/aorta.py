"""At which width of the aorta is the next look, or the surgeon, due? ESC 2024 or, where a site chose it, SVS 2018.

Of the bands of a segment only the highest that is reached acts: each leaves out who has reached the next.
"""

from twin.organs.base import Need, Population, Text, Threshold
from twin.organs.guideline import rule

SVS = "aaa_svs"
"""The site's setting: follow SVS instead of ESC for the abdominal aorta; never both."""

_DISSECTION = Need(label=Text("aortic dissection", "主动脉夹层"), concept="aortic_dissection")
_HERITABLE = (
    Need(label=Text("heritable aortic disease", "遗传性主动脉病"), concept="heritable_aortic_disease"),
    Need(label=Text("bicuspid aortic valve", "二叶主动脉瓣"), concept="bicuspid_aortic_valve"),
)
_DUPLEX = Text("ultrasound of the abdominal aorta", "腹主动脉超声")
_SURGEON = Text("vascular surgery visit", "血管外科就诊")
_IMAGING = Text("CT, MRI or echocardiogram of the aorta", "主动脉 CT、MRI 或超声心动图")
_SEGMENTS = {
    "aorta_abdominal_diameter": Text("abdominal aorta", "腹主动脉"),
    "aorta_root_diameter": Text("aortic root", "主动脉根部"),
    "aorta_ascending_diameter": Text("ascending aorta", "升主动脉"),
}


def _line(
    rule_id: str,
    segment: str,
    value: float,
    below: float | None,
    population: Population,
    *,
    is_surgical: bool = False,
    comparison: str = ">=",
) -> Threshold:
    """One band of a segment, mm; `below` is where the next band, or the surgeon, takes over."""
    name, sign = _SEGMENTS[segment], "≥" if comparison == ">=" else ">"
    label = Text(f"{name.en} {sign} {value:g} mm", f"{name.zh_CN} {sign} {value:g} mm")
    reached = () if below is None else (_reached(segment, below),)
    look = _DUPLEX if segment == "aorta_abdominal_diameter" else _IMAGING
    return Threshold(
        key=f"{segment}{comparison}{value:g}/{rule_id}",
        on="signal",
        of=segment,
        comparison=comparison,  # type: ignore[arg-type]  # ">" or ">=", by the callers below
        value=value,
        unit="mm",
        label=label,
        rule=rule(rule_id),
        action=Text("referral to a surgeon", "转诊外科") if is_surgical else Text("measure again", "复查测量"),
        examination=_SURGEON if is_surgical else look,
        closes_with=("surgery_visit",) if is_surgical else (segment,),
        population=Population(
            min_age=population.min_age,
            sex=population.sex,
            chosen=population.chosen,
            unless=population.unless,
            none_of=(*population.none_of, *reached),
        ),
    )


def _reached(segment: str, value: float) -> Need:
    name = _SEGMENTS[segment]
    return Need(
        label=Text(f"{name.en} ≥ {value:g} mm: next step", f"{name.zh_CN} ≥ {value:g} mm：进入下一级"),
        signal=segment,
        value=value,
    )


_EVERYBODY = Population(min_age=18, unless=SVS, none_of=(_DISSECTION, *_HERITABLE))
_MEN = Population(min_age=18, sex="male", unless=SVS, none_of=(_DISSECTION, *_HERITABLE))
_WOMEN = Population(min_age=18, sex="female", unless=SVS, none_of=(_DISSECTION, *_HERITABLE))
_BY_SVS = Population(min_age=18, chosen=SVS, none_of=(_DISSECTION,))
_SPORADIC = Population(min_age=18, none_of=(_DISSECTION, *_HERITABLE))
_BELLY = "aorta_abdominal_diameter"

_ABDOMINAL = (
    _line("AAA-ESC-25", _BELLY, 25, 30, _EVERYBODY),
    _line("AAA-ESC-30", _BELLY, 30, 40, _EVERYBODY),
    _line("AAA-ESC-40M", _BELLY, 40, 50, _MEN),
    _line("AAA-ESC-40F", _BELLY, 40, 45, _WOMEN),
    _line("AAA-ESC-50M", _BELLY, 50, 55, _MEN),
    _line("AAA-ESC-45F", _BELLY, 45, 50, _WOMEN),
    _line("AAA-ESC-TXM", _BELLY, 55, None, _MEN, is_surgical=True),
    _line("AAA-ESC-TXF", _BELLY, 50, None, _WOMEN, is_surgical=True),
    _line("AAA-SVS-25", _BELLY, 25, 30, _BY_SVS, comparison=">"),
    _line("AAA-SVS-30", _BELLY, 30, 40, _BY_SVS),
    _line("AAA-SVS-40", _BELLY, 40, 50, _BY_SVS),
    _line("AAA-SVS-50", _BELLY, 50, 55, _BY_SVS),
)
_THORACIC = tuple(
    line
    for segment in ("aorta_root_diameter", "aorta_ascending_diameter")
    for line in (
        _line("TAA-FIRST", segment, 40, 45, _SPORADIC),
        _line("TAA-45", segment, 45, 50, _SPORADIC),
        _line("TAA-50", segment, 50, 55, _SPORADIC),
        _line("TAA-55", segment, 55, None, _SPORADIC, is_surgical=True),
    )
)
LINES = (*_ABDOMINAL, *_THORACIC)
