"""When do holes in the lung call for a breathing test?"""

from twin.organs.base import Need, Population, Text, Threshold
from twin.organs.guideline import rule

_LUNG_CANCER = Need(label=Text("lung cancer", "肺癌"), concept="lung_cancer")

LINES = (
    Threshold(
        key="laa950>5",
        on="signal",
        of="laa950",
        comparison=">",
        value=5,
        unit="%",
        label=Text("emphysema on CT > 5 %", "CT 肺气肿 > 5 %"),
        rule=rule("EMPH-SPIRO"),
        action=Text("test of the breathing", "评估肺功能"),
        examination=Text("spirometry with bronchodilator", "支气管舒张试验肺功能"),
        closes_with=("fev1_fvc",),
        population=Population(min_age=18, none_of=(_LUNG_CANCER,)),
    ),
)
