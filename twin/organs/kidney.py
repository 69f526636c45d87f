"""The kidney: how well does it filter, does it lose albumin, and how near is failure?"""

from twin.organs.base import Organ, OrganHistory, OrganScore, OrganSignal, Text
from twin.organs.rules import kidney_disease

ORGAN = Organ(
    key="kidney",
    name=Text("Kidney", "肾脏"),
    starts_with=Text("A creatinine starts it.", "检测肌酐即可开始。"),
    signals=(
        OrganSignal(key="creatinine", label=Text("creatinine", "肌酐")),
        OrganSignal(key="urine_acr", label=Text("urine albumin-creatinine ratio", "尿白蛋白/肌酐比值")),
        OrganSignal(key="cystatin_c", label=Text("cystatin C", "胱抑素 C")),
        OrganSignal(key="urea", label=Text("urea", "尿素")),
        OrganSignal(key="urea_nitrogen", label=Text("urea nitrogen", "尿素氮")),
        OrganSignal(key="uric_acid", label=Text("uric acid", "尿酸")),
        OrganSignal(key="potassium", label=Text("potassium", "血钾")),
        OrganSignal(key="bicarbonate", label=Text("bicarbonate", "碳酸氢盐")),
        OrganSignal(key="calcium_total", label=Text("calcium", "血钙")),
        OrganSignal(key="phosphate", label=Text("phosphate", "血磷")),
        OrganSignal(key="hemoglobin", label=Text("haemoglobin", "血红蛋白")),
        OrganSignal(key="kidney_volume_right", label=Text("right kidney volume", "右肾体积")),
        OrganSignal(key="kidney_volume_left", label=Text("left kidney volume", "左肾体积")),
        OrganSignal(key="kidney_hu_right", label=Text("right kidney on CT", "右肾 CT 值")),
        OrganSignal(key="kidney_hu_left", label=Text("left kidney on CT", "左肾 CT 值")),
    ),
    scores=(
        OrganScore(key="ckdepi", output="cr_2021", label=Text("eGFR", "eGFR")),
        OrganScore(key="ckdepi", output="crcys_2021", label=Text("eGFR with cystatin C", "eGFR（含胱抑素 C）")),
        OrganScore(key="kfre4", output="risk", label=Text("5-year kidney failure (KFRE)", "5年肾衰竭风险（KFRE）")),
    ),
    thresholds=kidney_disease.LINES,
    history=(
        OrganHistory(key="ckd", kind="concept", label=Text("chronic kidney disease", "慢性肾脏病")),
        OrganHistory(key="dialysis", kind="concept", label=Text("dialysis", "透析")),
        OrganHistory(key="kidney_transplant", kind="concept", label=Text("kidney transplant", "肾移植")),
        OrganHistory(key="acute_kidney_injury", kind="concept", label=Text("acute kidney injury", "急性肾损伤")),
        OrganHistory(key="ras_blocker", kind="concept", label=Text("RAS blocker", "RAS 抑制剂")),
        OrganHistory(key="sglt2_inhibitor", kind="concept", label=Text("SGLT2 inhibitor", "SGLT2 抑制剂")),
        OrganHistory(key="mra", kind="concept", label=Text("mineralocorticoid antagonist", "醛固酮受体拮抗剂")),
    ),
)
