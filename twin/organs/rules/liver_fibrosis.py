"""When does fat in the liver call for a look at scarring? EASL-EASD-EASO 2024 and what is read of it in `rules.csv`."""

from twin.organs.base import Need, Population, Text, Threshold
from twin.organs.guideline import rule

_STEATOTIC_OR_AT_RISK = (
    Need(label=Text("fatty liver disease", "脂肪肝"), concept="fatty_liver"),
    Need(label=Text("diabetes", "糖尿病"), concept="diabetes"),
    Need(label=Text("metabolic syndrome", "代谢综合征"), concept="metabolic_syndrome"),
    Need(
        label=Text("ALT above the reference range", "ALT 高于参考范围"),
        signal="alt",
        comparison=">",
        value="reference_high",
    ),
    Need(
        label=Text("fat on an unenhanced CT", "平扫 CT 提示脂肪浸润"),
        signal="liver_hu",
        comparison="<=",
        value=48.0,  # HU; Pickhardt 2012, rule CTFAT-FIB4
    ),
)
_ACUTE = Need(label=Text("acute hepatitis", "急性肝炎"), concept="acute_hepatitis")
_CIRRHOSIS = Need(label=Text("cirrhosis", "肝硬化"), concept="cirrhosis")
_GRAFT = Need(label=Text("liver transplant", "肝移植"), concept="liver_transplant")
_FAR_PAST = Need(
    label=Text("FIB-4 > 2.67: hepatology", "FIB-4 > 2.67：转肝病专科"),
    score="fib4",
    output="value",
    comparison=">",
    value=2.67,  # rule FIB4-VHI: one recall for one finding
)
_SECOND_TEST = Text("elastography", "肝脏弹性成像")
_HEPATOLOGY = Text("hepatology referral", "转诊肝病专科")

LINES = (
    Threshold(
        key="fib4>2.67",
        on="score",
        of="fib4",
        output="value",
        comparison=">",
        value=2.67,
        unit="1",
        label=Text("FIB-4 > 2.67", "FIB-4 > 2.67"),
        rule=rule("FIB4-VHI"),
        action=_HEPATOLOGY,
        examination=_SECOND_TEST,
        closes_with=("liver_stiffness",),
        population=Population(min_age=35, any_of=_STEATOTIC_OR_AT_RISK, none_of=(_ACUTE, _GRAFT)),
    ),
    Threshold(
        key="fib4>=1.3",
        on="score",
        of="fib4",
        output="value",
        comparison=">=",
        value=1.3,
        unit="1",
        label=Text("FIB-4 ≥ 1.3", "FIB-4 ≥ 1.3"),
        rule=rule("FIB4-HI"),
        action=Text("second test for scarring", "进一步检查肝纤维化"),
        examination=_SECOND_TEST,
        closes_with=("liver_stiffness",),
        population=Population(
            min_age=35,
            below_age=65,
            any_of=_STEATOTIC_OR_AT_RISK,
            none_of=(_ACUTE, _CIRRHOSIS, _GRAFT, _FAR_PAST),
        ),
    ),
    Threshold(
        key="fib4>=2",
        on="score",
        of="fib4",
        output="value",
        comparison=">=",
        value=2.0,
        unit="1",
        label=Text("FIB-4 ≥ 2.0 (from 65 years)", "FIB-4 ≥ 2.0（65 岁起）"),
        rule=rule("FIB4-HI"),
        action=Text("second test for scarring", "进一步检查肝纤维化"),
        examination=_SECOND_TEST,
        closes_with=("liver_stiffness",),
        population=Population(
            min_age=65, any_of=_STEATOTIC_OR_AT_RISK, none_of=(_ACUTE, _CIRRHOSIS, _GRAFT, _FAR_PAST)
        ),
    ),
    Threshold(
        key="liver_stiffness>=8",
        on="signal",
        of="liver_stiffness",
        comparison=">=",
        value=8,
        unit="kPa",
        label=Text("liver stiffness ≥ 8 kPa", "肝脏硬度 ≥ 8 kPa"),
        rule=rule("LSM-8"),
        action=_HEPATOLOGY,
        examination=Text("hepatology visit", "肝病专科就诊"),
        closes_with=("hepatology_visit",),
        population=Population(any_of=_STEATOTIC_OR_AT_RISK, none_of=(_ACUTE, _CIRRHOSIS, _GRAFT)),
    ),
    Threshold(
        key="liver_hu<=48",
        on="signal",
        of="liver_hu",
        comparison="<=",
        value=48,
        unit="[hnsf'U]",
        label=Text("liver ≤ 48 HU (fat)", "肝脏 ≤ 48 HU（脂肪）"),
        rule=rule("CTFAT-FIB4"),
        action=Text("FIB-4, alcohol history, metabolic risks", "计算 FIB-4，询问饮酒史，评估代谢风险"),
        examination=Text("AST, ALT and platelets", "AST、ALT 和血小板"),
        closes_with=("platelets",),
        population=Population(
            none_of=(
                Need(label=Text("amiodarone", "胺碘酮"), concept="amiodarone"),
                Need(label=Text("iron overload", "铁过载"), concept="iron_overload"),
            )
        ),
    ),
)
