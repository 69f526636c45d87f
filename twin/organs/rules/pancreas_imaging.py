"""Which cyst, duct or marker of the pancreas asks for another look?"""

from twin.organs.base import Need, Population, Text, Threshold
from twin.organs.guideline import rule

_CHRONIC = Need(label=Text("chronic pancreatitis", "慢性胰腺炎"), concept="chronic_pancreatitis")
_ACUTE = Need(label=Text("acute pancreatitis", "急性胰腺炎"), concept="acute_pancreatitis")
_CANCER = Need(label=Text("pancreatic cancer", "胰腺癌"), concept="pancreatic_cancer")
_LARGE = Need(label=Text("cyst ≥ 25 mm", "囊肿 ≥ 25 mm"), signal="pancreatic_cyst_diameter", value=25)
_CHOLESTASIS = Need(
    label=Text("bilirubin > 26 µmol/L", "总胆红素 > 26 µmol/L"), signal="bilirubin_total", comparison=">", value=26
)
_MRI = Text("MRI of pancreas and ducts", "胰腺 MRI/MRCP")
_MRI_OR_EUS = Text("MRI or endoscopic ultrasound of the pancreas", "胰腺 MRI 或超声内镜")

LINES = (
    Threshold(
        key="pancreatic_cyst_diameter>=25",
        on="signal",
        of="pancreatic_cyst_diameter",
        comparison=">=",
        value=25,
        unit="mm",
        label=Text("pancreatic cyst ≥ 25 mm", "胰腺囊肿 ≥ 25 mm"),
        rule=rule("CYST-25"),
        action=Text("gastroenterology", "消化专科"),
        examination=_MRI_OR_EUS,
        closes_with=("pancreas_imaging",),
        population=Population(min_age=18, none_of=(_CANCER,)),
    ),
    Threshold(
        key="pancreatic_duct_diameter>7",
        on="signal",
        of="pancreatic_duct_diameter",
        comparison=">",
        value=7,
        unit="mm",
        label=Text("pancreatic duct > 7 mm beside a cyst", "胰管 > 7 mm（伴囊肿）"),
        rule=rule("CYST-25"),
        action=Text("gastroenterology", "消化专科"),
        examination=_MRI_OR_EUS,
        closes_with=("pancreas_imaging",),
        population=Population(
            min_age=18,
            all_of=(Need(label=Text("pancreatic cyst", "胰腺囊肿"), concept="pancreatic_cyst"),),
            none_of=(_CANCER, _CHRONIC, _LARGE),
        ),
    ),
    Threshold(
        key="pancreatic_duct_diameter>=5",
        on="signal",
        of="pancreatic_duct_diameter",
        comparison=">=",
        value=5,
        unit="mm",
        label=Text("pancreatic duct ≥ 5 mm", "胰管 ≥ 5 mm"),
        rule=rule("DUCT-DIL"),
        action=Text("look at the duct", "检查胰管"),
        examination=_MRI_OR_EUS,
        closes_with=("pancreas_imaging",),
        population=Population(min_age=18, none_of=(_CANCER, _CHRONIC)),
    ),
    Threshold(
        key="pancreatic_cyst_diameter>=5",
        on="signal",
        of="pancreatic_cyst_diameter",
        comparison=">=",
        value=5,
        unit="mm",
        label=Text("pancreatic cyst ≥ 5 mm", "胰腺囊肿 ≥ 5 mm"),
        rule=rule("CYST-15"),
        action=Text("look at the cyst again", "复查囊肿"),
        examination=_MRI,
        closes_with=("pancreas_imaging",),
        population=Population(min_age=18, below_age=80, none_of=(_CANCER, _LARGE)),
    ),
    Threshold(
        key="ca19_9>37",
        on="signal",
        of="ca19_9",
        comparison=">",
        value=37,
        unit="[arb'U]/mL",
        label=Text("CA 19-9 > 37 U/mL", "CA 19-9 > 37 U/mL"),
        rule=rule("CA199-RISE"),
        action=Text("repeat with liver tests", "连同肝功能复查"),
        examination=Text("CA 19-9 and liver tests", "CA 19-9 和肝功能"),
        closes_with=("pancreas_imaging",),
        population=Population(min_age=18, none_of=(_ACUTE, _CHOLESTASIS, _CANCER)),
    ),
    Threshold(
        key="faecal_elastase<200",
        on="signal",
        of="faecal_elastase",
        comparison="<",
        value=200,
        unit="ug/g",
        label=Text("faecal elastase < 200 µg/g", "粪弹性蛋白酶 < 200 µg/g"),
        rule=rule("FE1-LOW"),
        action=Text("look for exocrine insufficiency", "评估胰腺外分泌功能"),
        examination=Text("clinician visit", "门诊就诊"),
        closes_with=("clinician_visit",),
        population=Population(
            any_of=(_CHRONIC, Need(label=Text("weight loss", "体重下降"), concept="weight_loss")),
        ),
    ),
)
