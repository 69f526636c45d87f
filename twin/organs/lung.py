"""The lung: does the breathing get worse, does emphysema spread, and is a nodule looked at in time?"""

from twin.organs.base import Organ, OrganHistory, OrganSignal, Text
from twin.organs.rules import lung_tissue, nodule

ORGAN = Organ(
    key="lung",
    name=Text("Lung", "肺"),
    starts_with=Text("A spirometry or a chest CT starts it.", "肺功能检查或胸部 CT 即可开始。"),
    signals=(
        OrganSignal(key="fev1", label=Text("FEV₁", "FEV₁")),
        OrganSignal(key="fev1_percent_predicted", label=Text("FEV₁, percent of predicted", "FEV₁ 占预计值百分比")),
        OrganSignal(key="fvc", label=Text("FVC", "FVC")),
        OrganSignal(key="fev1_fvc", label=Text("FEV₁/FVC", "FEV₁/FVC")),
        OrganSignal(key="spo2", label=Text("oxygen saturation", "血氧饱和度")),
        OrganSignal(key="laa950", label=Text("emphysema on CT", "CT 肺气肿")),
        OrganSignal(key="perc15", label=Text("lung density on CT", "CT 肺密度")),
        OrganSignal(key="lung_volume_ct", label=Text("lung volume on CT", "CT 肺容积")),
        OrganSignal(key="nodule_mean_diameter", label=Text("lung nodule", "肺结节")),
        OrganSignal(key="nodule_solid_diameter", label=Text("solid part of the nodule", "结节实性部分")),
        OrganSignal(key="nodule_volume", label=Text("volume of the nodule", "结节体积")),
        OrganSignal(key="pulmonary_artery_diameter", label=Text("pulmonary artery", "肺动脉")),
    ),
    scores=(),  # those of formulas.md ask for what no record codes (education, spiculation): `twin score` has them
    thresholds=(*nodule.LINES, *lung_tissue.LINES),
    history=(
        OrganHistory(key="smoking_status", kind="coded", label=Text("smoking", "吸烟")),
        OrganHistory(key="copd", kind="concept", label=Text("COPD", "慢阻肺")),
        OrganHistory(key="emphysema", kind="concept", label=Text("emphysema", "肺气肿")),
        OrganHistory(key="asthma", kind="concept", label=Text("asthma", "哮喘")),
        OrganHistory(
            key="interstitial_lung_disease", kind="concept", label=Text("interstitial lung disease", "间质性肺病")
        ),
        OrganHistory(key="lung_cancer", kind="concept", label=Text("lung cancer", "肺癌")),
        OrganHistory(key="cancer_history", kind="concept", label=Text("cancer in the past", "既往恶性肿瘤")),
        OrganHistory(key="family_lung_cancer", kind="concept", label=Text("lung cancer in the family", "肺癌家族史")),
        OrganHistory(key="nodule_type", kind="coded", label=Text("kind of nodule", "结节类型")),
        OrganHistory(key="nodule_count", kind="coded", label=Text("number of nodules", "结节数目")),
    ),
)
