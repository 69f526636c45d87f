"""How soon is the next CT of an incidental lung nodule? Fleischner Society 2017, by size in whole mm, kind and number.

High risk is what the record can show of it: smoking ever, emphysema, lung cancer in the family. Screening follows
Lung-RADS or C-Lung-RADS, whose categories come with the report: a site that screens switches these rows off.
"""

from twin.organs.base import Need, Population, Text, Threshold
from twin.organs.guideline import rule

SCREENING = "lung_screening"
"""The site's setting: chest CT here is lung cancer screening, for which these rows are not."""

_NOT_FOR = (
    Need(label=Text("cancer", "恶性肿瘤"), concept="cancer"),
    Need(label=Text("immunodeficiency", "免疫缺陷"), concept="immunodeficiency"),
    Need(label=Text("immunosuppressant", "免疫抑制剂"), concept="immunosuppressant"),
    Need(label=Text("HIV", "HIV 感染"), concept="hiv"),
)
_HIGH_RISK = (
    Need(label=Text("smokes", "吸烟"), signal="smoking_status", code="current"),
    Need(label=Text("has smoked", "曾吸烟"), signal="smoking_status", code="former"),
    Need(label=Text("emphysema", "肺气肿"), concept="emphysema"),
    Need(label=Text("lung cancer in the family", "肺癌家族史"), concept="family_lung_cancer"),
)
_LARGE = Need(
    label=Text("nodule > 8 mm", "结节 > 8 mm"), signal="nodule_mean_diameter", comparison=">", value=8, whole=True
)
_KINDS = {
    "solid": Text("solid", "实性"),
    "ground_glass": Text("ground glass", "磨玻璃"),
    "part_solid": Text("part-solid", "部分实性"),
    "subsolid": Text("subsolid", "亚实性"),
}
_NUMBERS = {"single": Text("single", "单发"), "multiple": Text("multiple", "多发")}
_LOOK = Text("chest CT", "胸部 CT")


def _line(
    rule_id: str,
    kind: str,
    number: str,
    *,
    comparison: str = ">=",
    value: float = 6,
    risk: str = "",
    examination: Text = _LOOK,
) -> Threshold:
    told, many = _KINDS[kind], _NUMBERS[number]
    sign = "≥" if comparison == ">=" else ">"
    has = (
        Need(label=told, signal="nodule_type", code=kind),
        Need(label=many, signal="nodule_count", code=number),
    )
    is_banded = kind == "solid" and number == "single" and comparison == ">="
    return Threshold(
        key=f"nodule_mean_diameter{comparison}{value:g}/{rule_id}",
        on="signal",
        of="nodule_mean_diameter",
        comparison=comparison,  # type: ignore[arg-type]  # ">" or ">=", by the callers below
        value=value,
        unit="mm",
        whole=True,
        label=Text(
            f"{many.en} {told.en} nodule {sign} {value:g} mm", f"{many.zh_CN}{told.zh_CN}结节 {sign} {value:g} mm"
        ),
        rule=rule(rule_id),
        action=Text("look at the nodule again", "复查结节"),
        examination=examination,
        closes_with=("nodule_mean_diameter",),
        population=Population(
            min_age=35,
            unless=SCREENING,
            all_of=has,
            any_of=_HIGH_RISK if risk == "high" else (),
            none_of=(*_NOT_FOR, *((_LARGE,) if is_banded else ()), *(_HIGH_RISK if risk == "low" else ())),
        ),
    )


LINES = (
    _line("FL17-03", "solid", "single", risk="low"),
    _line("FL17-04", "solid", "single", risk="high"),
    _line(
        "FL17-05",
        "solid",
        "single",
        comparison=">",
        value=8,
        examination=Text("chest CT, PET/CT or biopsy", "胸部 CT、PET/CT 或活检"),
    ),
    _line("FL17-08", "solid", "multiple", risk="low"),
    _line("FL17-09", "solid", "multiple", risk="high"),
    _line("FL17-11", "ground_glass", "single"),
    _line("FL17-13", "part_solid", "single"),
    _line("FL17-15", "subsolid", "multiple"),
)
