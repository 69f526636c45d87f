"""When does a scarred or infected liver call for a transplant centre, an endoscopy or a search for cancer?"""

from twin.organs.base import Need, Population, Text, Threshold
from twin.organs.guideline import rule

_CIRRHOSIS = Need(label=Text("cirrhosis", "肝硬化"), concept="cirrhosis")
_GRAFT = Need(label=Text("liver transplant", "肝移植"), concept="liver_transplant")
_HCC = Need(label=Text("liver cancer", "肝癌"), concept="liver_cancer")
_DECOMPENSATED = (
    Need(label=Text("ascites", "腹水"), concept="ascites_present"),
    Need(label=Text("encephalopathy", "肝性脑病"), concept="hepatic_encephalopathy_present"),
    Need(label=Text("variceal bleeding", "静脉曲张出血"), concept="variceal_bleeding"),
)
_BETA_BLOCKER = Need(
    label=Text("non-selective beta-blocker", "非选择性β受体阻滞剂"), concept="beta_blocker_nonselective"
)
_STIFF = Need(label=Text("stiffness ≥ 20 kPa", "硬度 ≥ 20 kPa"), signal="liver_stiffness", value=20)
_HEPATITIS_B = (
    Need(label=Text("hepatitis B", "乙型肝炎"), concept="hbv"),
    Need(label=Text("HBsAg positive", "HBsAg 阳性"), signal="hbsag", code="positive"),
)
_ANTIVIRAL = Need(label=Text("antiviral for hepatitis B", "乙肝抗病毒药"), concept="antiviral_hbv")
_ULTRASOUND = Text("liver ultrasound", "肝脏超声")
_SURVEILLANCE = Text("surveillance for liver cancer", "肝癌监测")
_ENDOSCOPY = Text("upper endoscopy", "上消化道内镜")

LINES = (
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
        population=Population(all_of=(_CIRRHOSIS,), none_of=(_GRAFT,)),
    ),
    Threshold(
        key="liver_stiffness>=20",
        on="signal",
        of="liver_stiffness",
        comparison=">=",
        value=20,
        unit="kPa",
        label=Text("liver stiffness ≥ 20 kPa", "肝脏硬度 ≥ 20 kPa"),
        rule=rule("BAV-EGD"),
        action=Text("look for varices", "排查静脉曲张"),
        examination=_ENDOSCOPY,
        closes_with=("endoscopy",),
        population=Population(all_of=(_CIRRHOSIS,), none_of=(*_DECOMPENSATED, _BETA_BLOCKER, _GRAFT)),
    ),
    Threshold(
        key="platelets<=150",
        on="signal",
        of="platelets",
        comparison="<=",
        value=150,
        unit="10*9/L",
        label=Text("platelets ≤ 150", "血小板 ≤ 150"),
        rule=rule("BAV-EGD"),
        action=Text("look for varices", "排查静脉曲张"),
        examination=_ENDOSCOPY,
        closes_with=("endoscopy",),
        population=Population(all_of=(_CIRRHOSIS,), none_of=(*_DECOMPENSATED, _BETA_BLOCKER, _GRAFT, _STIFF)),
    ),
    Threshold(
        key="page_b>=10",
        on="score",
        of="page_b",
        output="points",
        comparison=">=",
        value=10,
        unit="1",
        label=Text("PAGE-B ≥ 10", "PAGE-B ≥ 10"),
        rule=rule("HCC-HBV-PAGEB"),
        action=_SURVEILLANCE,
        examination=_ULTRASOUND,
        closes_with=("liver_imaging",),
        population=Population(all_of=(_ANTIVIRAL,), any_of=_HEPATITIS_B, none_of=(_CIRRHOSIS, _HCC, _GRAFT)),
    ),
    Threshold(
        key="amap>=50",
        on="score",
        of="amap",
        output="value",
        comparison=">=",
        value=50,
        unit="1",
        label=Text("aMAP ≥ 50", "aMAP ≥ 50"),
        rule=rule("HCC-AMAP"),
        action=_SURVEILLANCE,
        examination=_ULTRASOUND,
        closes_with=("liver_imaging",),
        population=Population(
            all_of=(Need(label=Text("chronic liver disease", "慢性肝病"), concept="chronic_liver_disease"),),
            none_of=(_HCC, _GRAFT),
        ),
    ),
    Threshold(
        key="afp>=20",
        on="signal",
        of="afp",
        comparison=">=",
        value=20,
        unit="ng/mL",
        label=Text("AFP ≥ 20 ng/mL", "甲胎蛋白 ≥ 20 ng/mL"),
        rule=rule("HCC-AFP-RISE"),
        action=Text("search for liver cancer", "排查肝癌"),
        examination=Text("enhanced CT or MRI of the liver", "肝脏增强 CT 或 MRI"),
        closes_with=("liver_imaging",),
        population=Population(
            any_of=(_CIRRHOSIS, *_HEPATITIS_B),
            none_of=(
                Need(label=Text("pregnancy", "妊娠"), concept="pregnancy"),
                Need(label=Text("germ-cell tumour", "生殖细胞肿瘤"), concept="germ_cell_tumour"),
            ),
        ),
    ),
)
