"""The liver: is scarring on its way, does the organ still do its work, and is cancer looked for where it should be?"""

from twin.organs.base import Organ, OrganGenomic, OrganHistory, OrganScore, OrganSignal, Text
from twin.organs.rules import cirrhosis, liver_fibrosis

ORGAN = Organ(
    key="liver",
    name=Text("Liver", "肝脏"),
    starts_with=Text("AST, ALT and platelets start it.", "检测 AST、ALT 和血小板即可开始。"),
    signals=(
        OrganSignal(key="platelets", label=Text("platelets", "血小板")),
        OrganSignal(key="alt", label=Text("ALT", "ALT")),
        OrganSignal(key="ast", label=Text("AST", "AST")),
        OrganSignal(key="ggt", label=Text("GGT", "GGT")),
        OrganSignal(key="alp", label=Text("alkaline phosphatase", "碱性磷酸酶")),
        OrganSignal(key="bilirubin_total", label=Text("bilirubin", "总胆红素")),
        OrganSignal(key="albumin", label=Text("albumin", "白蛋白")),
        OrganSignal(key="inr", label=Text("INR", "INR")),
        OrganSignal(key="prothrombin_time", label=Text("prothrombin time", "凝血酶原时间")),
        OrganSignal(key="sodium", label=Text("sodium", "血钠")),
        OrganSignal(key="afp", label=Text("AFP", "甲胎蛋白")),
        OrganSignal(key="afp_l3_percent", label=Text("AFP-L3", "甲胎蛋白异质体")),
        OrganSignal(key="dcp_pivka2", label=Text("PIVKA-II", "异常凝血酶原")),
        OrganSignal(key="liver_stiffness", label=Text("liver stiffness", "肝脏硬度")),
        OrganSignal(key="cap", label=Text("attenuation parameter", "受控衰减参数")),
        OrganSignal(key="liver_hu", label=Text("liver on CT", "肝脏 CT 值")),
        OrganSignal(key="spleen_hu", label=Text("spleen on CT", "脾脏 CT 值")),
        OrganSignal(key="liver_volume", label=Text("liver volume", "肝脏体积")),
        OrganSignal(key="spleen_volume", label=Text("spleen volume", "脾脏体积")),
        OrganSignal(key="portal_vein_diameter", label=Text("portal vein", "门静脉直径")),
    ),
    scores=(
        OrganScore(key="fib4", output="value", label=Text("FIB-4", "FIB-4")),
        OrganScore(key="meld3", output="score", label=Text("MELD 3.0", "MELD 3.0")),
        OrganScore(key="apri", output="value", label=Text("APRI", "APRI")),
        OrganScore(key="nafld_fs", output="value", label=Text("NAFLD fibrosis score", "NAFLD 纤维化评分")),
        OrganScore(key="albi", output="score", label=Text("ALBI", "ALBI")),
        OrganScore(key="meld", output="score", label=Text("MELD", "MELD")),
        OrganScore(key="meld_na", output="score", label=Text("MELD-Na", "MELD-Na")),
        OrganScore(key="child_pugh", output="points", label=Text("Child-Pugh", "Child-Pugh")),
        OrganScore(key="hsi", output="value", label=Text("Hepatic steatosis index", "肝脂肪变指数")),
        OrganScore(key="fli", output="value", label=Text("Fatty liver index", "脂肪肝指数")),
        OrganScore(key="amap", output="value", label=Text("aMAP", "aMAP")),
        OrganScore(key="page_b", output="points", label=Text("PAGE-B", "PAGE-B")),
        OrganScore(key="mpage_b", output="points", label=Text("mPAGE-B", "mPAGE-B")),
        OrganScore(key="galad", output="probability", label=Text("GALAD", "GALAD")),
        OrganScore(key="mayo_pbc_original", output="R", label=Text("Mayo PBC risk score", "Mayo PBC 风险评分")),
    ),
    thresholds=(*liver_fibrosis.LINES, *cirrhosis.LINES),
    history=(
        OrganHistory(key="cirrhosis", kind="concept", label=Text("cirrhosis", "肝硬化")),
        OrganHistory(key="fatty_liver", kind="concept", label=Text("fatty liver disease", "脂肪肝")),
        OrganHistory(key="hbv", kind="concept", label=Text("hepatitis B", "乙型肝炎")),
        OrganHistory(key="hcv", kind="concept", label=Text("hepatitis C", "丙型肝炎")),
        OrganHistory(key="alcohol_liver_disease", kind="concept", label=Text("alcohol liver disease", "酒精性肝病")),
        OrganHistory(key="liver_transplant", kind="concept", label=Text("liver transplant", "肝移植")),
        OrganHistory(key="liver_cancer", kind="concept", label=Text("liver cancer", "肝癌")),
        OrganHistory(key="antiviral_hbv", kind="concept", label=Text("antiviral for hepatitis B", "乙肝抗病毒药")),
        OrganHistory(key="family_hcc", kind="concept", label=Text("liver cancer in the family", "肝癌家族史")),
        OrganHistory(key="hbsag", kind="coded", label=Text("HBsAg", "HBsAg")),
        OrganHistory(key="ascites", kind="coded", label=Text("ascites", "腹水")),
        OrganHistory(key="hepatic_encephalopathy", kind="coded", label=Text("encephalopathy", "肝性脑病")),
    ),
    genomics=(
        OrganGenomic(
            key="liver_risk_alleles",
            label=Text(
                "Risk alleles of the liver (PNPLA3, TM6SF2, HSD17B13)", "肝脏风险等位基因（PNPLA3、TM6SF2、HSD17B13）"
            ),
            variants=("rs738409", "rs58542926", "rs72613567"),
            estimate="liver_risk_alleles",
            source="Gellert-Kristensen H; Hepatology 2020;72:845; doi:10.1002/hep.31238",
            ancestry=Text(
                "Measured in Danish and British adults of European ancestry; with another ancestry, alcohol or weight "
                "the odds may differ.",
                "数据来自丹麦和英国欧洲血统的成年人；血统、饮酒或体重不同时，比值可能不同。",
            ),
            status="read",
        ),
    ),
)
