"""At which pressure, LDL cholesterol or coronary calcium should a clinician look again? ESC/EAS and ACC/AHA rows."""

from twin.organs.base import Need, Population, Text, Threshold
from twin.organs.guideline import rule

_ASCVD = Need(label=Text("atherosclerotic disease", "动脉粥样硬化性心血管病"), concept="ascvd")
_PREGNANCY = Need(label=Text("pregnancy", "妊娠"), concept="pregnancy")
_STATIN = Need(label=Text("statin", "他汀"), concept="statin")
_HIGH_ALREADY = Need(label=Text("systolic pressure ≥ 140 mmHg", "收缩压 ≥ 140 mmHg"), signal="sbp", value=140)
_RECHECK = Text("recheck of the blood pressure", "复查血压")
_READING = Text("office, home or ambulatory blood pressure", "诊室、家庭或动态血压")

LINES = (
    Threshold(
        key="ldl_c>=1.4",
        on="signal",
        of="ldl_c",
        comparison=">=",
        value=1.4,
        unit="mmol/L",
        label=Text("LDL cholesterol ≥ 1.4 mmol/L", "低密度脂蛋白胆固醇 ≥ 1.4 mmol/L"),
        rule=rule("LDL-VH"),
        action=Text("clinician visit: intensify or record why not", "门诊：强化降脂或记录原因"),
        examination=Text("lipid panel", "血脂检查"),
        closes_with=("ldl_c",),
        population=Population(min_age=18, all_of=(_ASCVD,), none_of=(_PREGNANCY,)),
    ),
    Threshold(
        key="sbp>=140",
        on="signal",
        of="sbp",
        comparison=">=",
        value=140,
        unit="mm[Hg]",
        label=Text("systolic pressure ≥ 140 mmHg", "收缩压 ≥ 140 mmHg"),
        rule=rule("BP-2"),
        action=_RECHECK,
        examination=_READING,
        closes_with=("sbp",),
        population=Population(min_age=18, none_of=(_PREGNANCY,)),
    ),
    Threshold(
        key="dbp>=90",
        on="signal",
        of="dbp",
        comparison=">=",
        value=90,
        unit="mm[Hg]",
        label=Text("diastolic pressure ≥ 90 mmHg", "舒张压 ≥ 90 mmHg"),
        rule=rule("BP-2"),
        action=_RECHECK,
        examination=_READING,
        closes_with=("dbp",),
        population=Population(min_age=18, none_of=(_PREGNANCY, _HIGH_ALREADY)),
    ),
    Threshold(
        key="agatston>=100",
        on="signal",
        of="agatston",
        comparison=">=",
        value=100,
        unit="{score}",
        label=Text("coronary calcium ≥ 100", "冠脉钙化积分 ≥ 100"),
        rule=rule("CAC-STATIN"),
        action=Text("talk about a statin", "讨论他汀治疗"),
        examination=Text("clinician visit", "门诊就诊"),
        closes_with=("clinician_visit",),
        population=Population(min_age=18, none_of=(_ASCVD, _STATIN, _PREGNANCY)),
    ),
)
