"""Which sugar value asks for a second test, or for another look at the treatment? ADA rows of `rules.csv`."""

from twin.organs.base import Need, Population, Text, Threshold
from twin.organs.guideline import rule

_DIABETES = Need(label=Text("diabetes", "糖尿病"), concept="diabetes")
_TREATED = (
    Need(label=Text("a glucose-lowering medicine", "降糖药"), concept="glucose_lowering"),
    Need(label=Text("insulin", "胰岛素"), concept="insulin"),
)
_STEROID = Need(label=Text("steroids", "糖皮质激素"), concept="corticosteroid")
_PREGNANCY = Need(label=Text("pregnancy", "妊娠"), concept="pregnancy")
_HB = Need(label=Text("haemoglobinopathy", "血红蛋白病"), concept="haemoglobinopathy")
_HIGH_HBA1C = Need(label=Text("HbA1c ≥ 6.5 %", "糖化血红蛋白 ≥ 6.5 %"), signal="hba1c", value=6.5)
_SECOND = Text("second test on another day", "择日复查")
_EITHER = Text("HbA1c or fasting glucose", "糖化血红蛋白或空腹血糖")

LINES = (
    Threshold(
        key="hba1c>=6.5",
        on="signal",
        of="hba1c",
        comparison=">=",
        value=6.5,
        unit="%",
        label=Text("HbA1c ≥ 6.5 %", "糖化血红蛋白 ≥ 6.5 %"),
        rule=rule("DM-CONFIRM"),
        action=_SECOND,
        examination=_EITHER,
        closes_with=("hba1c", "glucose_fasting"),
        population=Population(none_of=(_DIABETES, *_TREATED, _STEROID, _HB, _PREGNANCY)),
    ),
    Threshold(
        key="glucose_fasting>=7",
        on="signal",
        of="glucose_fasting",
        comparison=">=",
        value=7.0,
        unit="mmol/L",
        label=Text("fasting glucose ≥ 7.0 mmol/L", "空腹血糖 ≥ 7.0 mmol/L"),
        rule=rule("DM-CONFIRM"),
        action=_SECOND,
        examination=_EITHER,
        closes_with=("hba1c", "glucose_fasting"),
        population=Population(none_of=(_DIABETES, *_TREATED, _STEROID, _PREGNANCY, _HIGH_HBA1C)),
    ),
    Threshold(
        key="hba1c>goal",
        on="signal",
        of="hba1c",
        comparison=">",
        value=7.0,  # the default goal by the rule's note; the clinician sets the patient's own
        unit="%",
        label=Text("HbA1c above the goal of 7 %", "糖化血红蛋白高于目标 7 %"),
        rule=rule("A1C-OVER"),
        action=Text("look at the treatment again", "重新评估治疗"),
        examination=Text("HbA1c", "糖化血红蛋白"),
        closes_with=("hba1c",),
        population=Population(min_age=18, all_of=(_DIABETES,), none_of=(_HB, _PREGNANCY)),
    ),
    Threshold(
        key="hba1c>=5.7",
        on="signal",
        of="hba1c",
        comparison=">=",
        value=5.7,
        unit="%",
        label=Text("HbA1c ≥ 5.7 % (prediabetes)", "糖化血红蛋白 ≥ 5.7 %（糖尿病前期）"),
        rule=rule("PREDM"),
        action=Text("test again in a year", "一年后复查"),
        examination=_EITHER,
        closes_with=("hba1c", "glucose_fasting"),
        population=Population(min_age=18, none_of=(_DIABETES, *_TREATED, _HIGH_HBA1C, _HB, _PREGNANCY)),
    ),
)
