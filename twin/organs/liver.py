"""The liver: is scarring on its way, and does the organ still do its work?"""

from twin.organs.base import Need, Organ, OrganScore, OrganSignal, Population, Text, Threshold
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

ORGAN = Organ(
    key="liver",
    name=Text("Liver", "肝脏"),
    signals=(
        OrganSignal(key="platelets", label=Text("platelets", "血小板")),
        OrganSignal(key="alt", label=Text("ALT", "ALT")),
        OrganSignal(key="ast", label=Text("AST", "AST")),
        OrganSignal(key="ggt", label=Text("GGT", "GGT")),
        OrganSignal(key="alp", label=Text("alkaline phosphatase", "碱性磷酸酶")),
        OrganSignal(key="bilirubin_total", label=Text("bilirubin", "总胆红素")),
        OrganSignal(key="albumin", label=Text("albumin", "白蛋白")),
        OrganSignal(key="inr", label=Text("INR", "INR")),
        OrganSignal(key="sodium", label=Text("sodium", "血钠")),
        OrganSignal(key="afp", label=Text("AFP", "甲胎蛋白")),
        OrganSignal(key="liver_stiffness", label=Text("liver stiffness", "肝脏硬度")),
    ),
    scores=(
        OrganScore(key="fib4", output="value", label=Text("FIB-4", "FIB-4")),
        OrganScore(key="apri", output="value", label=Text("APRI", "APRI")),
        OrganScore(key="albi", output="score", label=Text("ALBI", "ALBI")),
        OrganScore(key="meld3", output="score", label=Text("MELD 3.0", "MELD 3.0")),
    ),
    thresholds=(
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
            action=Text("hepatology referral", "转诊肝病专科"),
            examination=Text("elastography", "肝脏弹性成像"),
            closes_with=("liver_stiffness",),
            population=Population(min_age=35, any_of=_STEATOTIC_OR_AT_RISK),
        ),
        Threshold(
            key="meld3>=15",
            on="score",
            of="meld3",
            output="score",
            comparison=">=",
            value=15,
            unit="1",
            label=Text("MELD 3.0 ≥ 15", "MELD 3.0 ≥ 15"),
            rule=rule("MELD15"),
            action=Text("referral to a transplant centre", "转诊移植中心"),
            examination=Text("transplant assessment", "移植评估"),
            closes_with=("transplant_referral",),
            population=Population(
                all_of=(Need(label=Text("cirrhosis", "肝硬化"), concept="cirrhosis"),),
                none_of=(Need(label=Text("liver transplant", "肝移植"), concept="liver_transplant"),),
            ),
        ),
    ),
)
