"""How often must a failing kidney be looked at, and when by a specialist? KDIGO 2024 and what is read of its grid.

The grid acts for known kidney disease; a cell is its line on eGFR, or on albuminuria where the filter is still good,
and leaves out who has reached the next. Categories: G3a 45-59, G3b 30-44, G4 15-29, G5 below 15; A2 30-300, A3 above.
"""

from twin.organs.base import Comparison, Need, Population, Text, Threshold
from twin.organs.guideline import rule

_CKD = Need(label=Text("chronic kidney disease", "慢性肾脏病"), concept="ckd")
_DIALYSIS = Need(label=Text("dialysis", "透析"), concept="dialysis")
_GRAFT = Need(label=Text("kidney transplant", "肾移植"), concept="kidney_transplant")
_INJURY = Need(label=Text("acute kidney injury", "急性肾损伤"), concept="acute_kidney_injury")
_PREGNANCY = Need(label=Text("pregnancy", "妊娠"), concept="pregnancy")
_REPLACED = (_DIALYSIS, _GRAFT)
_FILTER_AND_ALBUMIN = Text("creatinine (eGFR) and urine albumin", "肌酐（eGFR）和尿白蛋白")
_EGFR_UNIT = "mL/min/{1.73_m2}"
_NEPHROLOGY = Text("nephrology visit", "肾内科就诊")

_FILTER = {"G1": (90.0, None), "G2": (60.0, 90.0), "G3a": (45.0, 60.0), "G3b": (30.0, 45.0), "G4": (15.0, 30.0),
           "G5": (0.0, 15.0)}  # fmt: skip
"""KDIGO 2024: eGFR in mL/min/1.73 m2, from (included) and below."""


def _egfr(comparison: Comparison, value: float) -> Need:
    sign = {"<": "<", ">=": "≥"}[comparison]
    label = Text(f"eGFR {sign} {value:g}", f"eGFR {sign} {value:g}")
    return Need(label=label, score="ckdepi", output="cr_2021", comparison=comparison, value=value)


def _acr(comparison: Comparison, value: float) -> Need:
    sign = {"<": "<", ">=": "≥", ">": ">", "<=": "≤"}[comparison]
    label = Text(f"urine albumin {sign} {value:g} mg/g", f"尿白蛋白 {sign} {value:g} mg/g")
    return Need(label=label, signal="urine_acr", comparison=comparison, value=value)


_ALBUMIN = {
    "A1": ((_acr("<", 30),), ()),
    "A2": ((_acr(">=", 30),), (_acr(">", 300),)),
    "A3": ((_acr(">", 300),), ()),
}
"""Category: (what must hold, what must not), mg/g."""


def _cell(g: str, a: str) -> Threshold:
    """One cell of the grid; its line is on eGFR below 60, and on albuminuria above.

    Where no eGFR is known, albuminuria counts as in G2: one cell, and none too mild.
    """
    low, high = _FILTER[g]
    is_on_egfr = high is not None and high <= 60
    needed, barred = _ALBUMIN[a]
    beyond = (_egfr("<", low),) if low else ()
    return Threshold(
        key=f"kdigo_g={g}&kdigo_a={a}",
        on="score" if is_on_egfr else "signal",
        of="ckdepi" if is_on_egfr else "urine_acr",
        output="cr_2021" if is_on_egfr else "",
        comparison="<" if is_on_egfr else ">" if a == "A3" else ">=",
        value=high if is_on_egfr and high else 300 if a == "A3" else 30,
        unit=_EGFR_UNIT if is_on_egfr else "mg/g",
        label=Text(f"KDIGO {g} {a}", f"KDIGO {g} {a}"),
        rule=rule(f"KD-{g}-{a}"),
        action=Text("follow the kidney", "随访肾功能"),
        examination=_FILTER_AND_ALBUMIN,
        closes_with=("creatinine", "urine_acr"),
        population=Population(
            min_age=18,
            all_of=(_CKD, *(needed if is_on_egfr else ()), *((_egfr(">=", low),) if high is None else ())),
            none_of=(
                *_REPLACED,
                _INJURY,
                *barred,
                *beyond,
                *((_egfr(">=", high),) if high is not None and not is_on_egfr else ()),
            ),
        ),
    )


_GRID = tuple(_cell(g, a) for g in _FILTER for a in _ALBUMIN if (g, a) not in {("G1", "A1"), ("G2", "A1")})

LINES = (
    Threshold(
        key="kfre4_5y>=0.03",
        on="score",
        of="kfre4",
        output="risk",
        comparison=">=",
        value=0.03,
        unit="1",
        label=Text("5-year kidney failure risk ≥ 3 %", "5年肾衰竭风险 ≥ 3 %"),
        rule=rule("KFRE-5"),
        action=Text("nephrology referral", "转诊肾内科"),
        examination=_NEPHROLOGY,
        closes_with=("nephrology_visit",),
        population=Population(min_age=18, none_of=(*_REPLACED, _INJURY)),
    ),
    Threshold(
        key="egfr<30",
        on="score",
        of="ckdepi",
        output="cr_2021",
        comparison="<",
        value=30,
        unit=_EGFR_UNIT,
        label=Text("eGFR < 30", "eGFR < 30"),
        rule=rule("KD-G4REF"),
        action=Text("nephrology referral", "转诊肾内科"),
        examination=_NEPHROLOGY,
        closes_with=("nephrology_visit",),
        population=Population(min_age=18, all_of=(_CKD,), none_of=(*_REPLACED, _INJURY)),
    ),
    Threshold(
        key="egfr<60",
        on="score",
        of="ckdepi",
        output="cr_2021",
        comparison="<",
        value=60,
        unit=_EGFR_UNIT,
        label=Text("eGFR < 60", "eGFR < 60"),
        rule=rule("KD-CONFIRM"),
        action=Text("prove it over three months", "三个月后复查确认"),
        examination=_FILTER_AND_ALBUMIN,
        closes_with=("creatinine",),
        population=Population(min_age=18, none_of=(_CKD, *_REPLACED, _INJURY, _PREGNANCY)),
    ),
    Threshold(
        key="urine_acr>=30",
        on="signal",
        of="urine_acr",
        comparison=">=",
        value=30,
        unit="mg/g",
        label=Text("urine albumin ≥ 30 mg/g", "尿白蛋白 ≥ 30 mg/g"),
        rule=rule("KD-CONFIRM"),
        action=Text("prove it over three months", "三个月后复查确认"),
        examination=_FILTER_AND_ALBUMIN,
        closes_with=("urine_acr",),
        population=Population(min_age=18, none_of=(_CKD, *_REPLACED, _INJURY, _PREGNANCY, _egfr("<", 60))),
    ),
    *_GRID,
)
