"""The vessels: pressure, lipids, calcium and the width of the aorta, and the heart attack or stroke they lead to."""

from twin.organs.base import Organ, OrganGenomic, OrganHistory, OrganScore, OrganSignal, PerDeviation, Text
from twin.organs.rules import aorta, cardiovascular

ORGAN = Organ(
    key="vascular",
    name=Text("Heart and vessels", "心血管"),
    starts_with=Text("A blood pressure or a lipid panel starts it.", "测量血压或检测血脂即可开始。"),
    signals=(
        OrganSignal(key="sbp", label=Text("systolic pressure", "收缩压")),
        OrganSignal(key="dbp", label=Text("diastolic pressure", "舒张压")),
        OrganSignal(key="ldl_c", label=Text("LDL cholesterol", "低密度脂蛋白胆固醇")),
        OrganSignal(key="total_cholesterol", label=Text("total cholesterol", "总胆固醇")),
        OrganSignal(key="hdl_c", label=Text("HDL cholesterol", "高密度脂蛋白胆固醇")),
        OrganSignal(key="triglycerides", label=Text("triglycerides", "甘油三酯")),
        OrganSignal(key="non_hdl_c", label=Text("non-HDL cholesterol", "非高密度脂蛋白胆固醇")),
        OrganSignal(key="apo_b", label=Text("apolipoprotein B", "载脂蛋白 B")),
        OrganSignal(key="lpa", label=Text("lipoprotein(a)", "脂蛋白(a)")),
        OrganSignal(key="hs_crp", label=Text("high-sensitivity CRP", "超敏 C 反应蛋白")),
        OrganSignal(key="nt_probnp", label=Text("NT-proBNP", "NT-proBNP")),
        OrganSignal(key="lvef", label=Text("ejection fraction", "左室射血分数")),
        OrganSignal(key="heart_rate", label=Text("heart rate", "心率")),
        OrganSignal(key="bmi", label=Text("body mass index", "体重指数")),
        OrganSignal(key="weight", label=Text("weight", "体重")),
        OrganSignal(key="waist", label=Text("waist", "腰围")),
        OrganSignal(key="agatston", label=Text("coronary calcium", "冠脉钙化积分")),
        OrganSignal(key="coronary_calcium_volume", label=Text("volume of coronary calcium", "冠脉钙化体积")),
        OrganSignal(key="aorta_root_diameter", label=Text("aortic root", "主动脉根部")),
        OrganSignal(key="aorta_ascending_diameter", label=Text("ascending aorta", "升主动脉")),
        OrganSignal(key="aorta_arch_diameter", label=Text("aortic arch", "主动脉弓")),
        OrganSignal(key="aorta_descending_diameter", label=Text("descending aorta", "降主动脉")),
        OrganSignal(key="aorta_abdominal_diameter", label=Text("abdominal aorta", "腹主动脉")),
        OrganSignal(key="cardiothoracic_ratio", label=Text("cardiothoracic ratio", "心胸比")),
    ),
    scores=(
        OrganScore(key="prevent", output="ascvd", label=Text("10-year ASCVD (PREVENT)", "10年ASCVD风险（PREVENT）")),
        OrganScore(
            key="prevent", output="total_cvd", label=Text("10-year CVD (PREVENT)", "10年心血管病风险（PREVENT）")
        ),
        OrganScore(
            key="china_par",
            output="risk_percent",
            label=Text("10-year ASCVD (China-PAR)", "10年ASCVD风险（China-PAR）"),
        ),
        OrganScore(key="score2", output="risk", label=Text("10-year CVD (SCORE2)", "10年心血管病风险（SCORE2）")),
        OrganScore(
            key="score2_op", output="risk", label=Text("10-year CVD (SCORE2-OP)", "10年心血管病风险（SCORE2-OP）")
        ),
        OrganScore(
            key="framingham2008",
            output="risk",
            label=Text("10-year CVD (Framingham)", "10年心血管病风险（Framingham）"),
        ),
        OrganScore(
            key="cha2ds2_va", output="points", label=Text("CHA₂DS₂-VA (atrial fibrillation)", "CHA₂DS₂-VA（房颤）")
        ),
        OrganScore(key="map_pp", output="pp", label=Text("pulse pressure", "脉压")),
        OrganScore(key="bmi", output="value", label=Text("BMI from weight and height", "体重身高计算的BMI")),
        OrganScore(
            key="charlson", output="age_adjusted", label=Text("Charlson comorbidity index", "Charlson 合并症指数")
        ),
    ),
    thresholds=(*cardiovascular.LINES, *aorta.LINES),
    history=(
        OrganHistory(key="ascvd", kind="concept", label=Text("atherosclerotic disease", "动脉粥样硬化性心血管病")),
        OrganHistory(key="hypertension", kind="concept", label=Text("hypertension", "高血压")),
        OrganHistory(key="heart_failure", kind="concept", label=Text("heart failure", "心力衰竭")),
        OrganHistory(key="atrial_fibrillation", kind="concept", label=Text("atrial fibrillation", "心房颤动")),
        OrganHistory(key="aortic_aneurysm", kind="concept", label=Text("aortic aneurysm", "主动脉瘤")),
        OrganHistory(
            key="heritable_aortic_disease", kind="concept", label=Text("heritable aortic disease", "遗传性主动脉病")
        ),
        OrganHistory(
            key="familial_hypercholesterolaemia",
            kind="concept",
            label=Text("familial hypercholesterolaemia", "家族性高胆固醇血症"),
        ),
        OrganHistory(key="statin", kind="concept", label=Text("statin", "他汀")),
        OrganHistory(key="antihypertensive", kind="concept", label=Text("treatment for blood pressure", "降压治疗")),
        OrganHistory(
            key="family_cvd", kind="concept", label=Text("heart attack or stroke in the family", "心梗或卒中家族史")
        ),
        OrganHistory(key="family_aaa", kind="concept", label=Text("aortic aneurysm in the family", "主动脉瘤家族史")),
    ),
    genomics=(
        OrganGenomic(
            key="cad_prs",
            label=Text("Polygenic score of coronary disease (metaGRS)", "冠心病多基因评分（metaGRS）"),
            score="PGS000018",
            acts_on=("prevent", "chd"),
            per_sd=(
                PerDeviation(
                    names=("european", "eur", "欧洲", "欧洲血统"),
                    ratio=1.71,
                    low=1.68,
                    high=1.73,
                    source="Inouye M; JACC 2018;72:1883; doi:10.1016/j.jacc.2018.07.079",
                    status="read",
                ),
                PerDeviation(
                    names=("chinese", "han chinese", "han", "中国", "中国人群", "汉族"),
                    ratio=1.46,  # ln 2.91 / 2.80: top against bottom fifth, whose means lie 2.80 SD apart
                    low=1.37,  # ln 2.43 / 2.80
                    high=1.56,  # ln 3.49 / 2.80
                    source="derived from fifths of another score (540 variants): Lu X; Eur Heart J 2022;43:1702; "
                    "doi:10.1093/eurheartj/ehac093",
                    status="unverified",
                ),
            ),
            source="Inouye M; JACC 2018;72:1883; doi:10.1016/j.jacc.2018.07.079",
            ancestry=Text(
                "Hazard ratio 1.71 (1.68-1.73) per SD in British adults of European ancestry; in Chinese adults about "
                "1.46 (derived from Lu 2022, doi:10.1093/eurheartj/ehac093), and of little use beyond clinical risk.",
                "欧洲血统英国成年人每标准差风险比 1.71（1.68-1.73）；中国成年人约 1.46（由 Lu 2022 推算，"
                "doi:10.1093/eurheartj/ehac093），在临床风险之外的价值有限。",
            ),
            status="read",
        ),
    ),
)
