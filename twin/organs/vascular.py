"""The vessels: pressure, lipids, sugar and kidney filter, and the heart attack or stroke they lead to."""

from twin.organs.base import Need, Organ, OrganScore, OrganSignal, Population, Text, Threshold
from twin.organs.guideline import rule

_DIABETES_KNOWN = (
    Need(label=Text("diabetes", "糖尿病"), concept="diabetes"),
    Need(label=Text("a glucose-lowering medicine", "降糖药"), concept="glucose_lowering"),
    Need(label=Text("insulin", "胰岛素"), concept="insulin"),
)

ORGAN = Organ(
    key="vascular",
    name=Text("Heart and vessels", "心血管"),
    signals=(
        OrganSignal(key="sbp", label=Text("systolic pressure", "收缩压")),
        OrganSignal(key="dbp", label=Text("diastolic pressure", "舒张压")),
        OrganSignal(key="ldl_c", label=Text("LDL cholesterol", "低密度脂蛋白胆固醇")),
        OrganSignal(key="total_cholesterol", label=Text("total cholesterol", "总胆固醇")),
        OrganSignal(key="hdl_c", label=Text("HDL cholesterol", "高密度脂蛋白胆固醇")),
        OrganSignal(key="triglycerides", label=Text("triglycerides", "甘油三酯")),
        OrganSignal(key="hba1c", label=Text("HbA1c", "糖化血红蛋白")),
        OrganSignal(key="creatinine", label=Text("creatinine", "肌酐")),
        OrganSignal(key="urine_acr", label=Text("urine albumin-creatinine ratio", "尿白蛋白/肌酐比值")),
        OrganSignal(key="bmi", label=Text("body mass index", "体重指数")),
        OrganSignal(key="weight", label=Text("weight", "体重")),
        OrganSignal(key="waist", label=Text("waist", "腰围")),
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
        OrganScore(key="ckdepi", output="cr_2021", label=Text("eGFR", "eGFR")),
        OrganScore(key="kfre4", output="risk", label=Text("5-year kidney failure (KFRE)", "5年肾衰竭风险（KFRE）")),
        OrganScore(key="bmi", output="value", label=Text("BMI from weight and height", "体重身高计算的BMI")),
    ),
    thresholds=(
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
            population=Population(
                all_of=(Need(label=Text("atherosclerotic disease", "动脉粥样硬化性心血管病"), concept="ascvd"),)
            ),
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
            action=Text("recheck of the blood pressure", "复查血压"),
            examination=Text("office, home or ambulatory blood pressure", "诊室、家庭或动态血压"),
            closes_with=("sbp",),
            population=Population(min_age=18, none_of=(Need(label=Text("pregnancy", "妊娠"), concept="pregnancy"),)),
        ),
        Threshold(
            key="hba1c>=6.5",
            on="signal",
            of="hba1c",
            comparison=">=",
            value=6.5,
            unit="%",
            label=Text("HbA1c ≥ 6.5 %", "糖化血红蛋白 ≥ 6.5 %"),
            rule=rule("DM-CONFIRM"),
            action=Text("second test on another day", "择日复查"),
            examination=Text("HbA1c or fasting glucose", "糖化血红蛋白或空腹血糖"),
            closes_with=("hba1c", "glucose_fasting"),
            population=Population(none_of=_DIABETES_KNOWN),
        ),
        Threshold(
            key="kfre4_5y>=0.03",
            on="score",
            of="kfre4",
            output="risk",
            comparison=">=",
            value=0.03,
            unit="1",
            label=Text("5-year kidney failure risk ≥ 3 %", "5年肾衰竭风险 ≥ 3 %"),
            rule=rule("KFRE-5"),
            action=Text("nephrology referral", "转诊肾内科"),
            examination=Text("nephrology visit", "肾内科就诊"),
            closes_with=("nephrology_visit",),
            population=Population(
                none_of=(
                    Need(label=Text("dialysis", "透析"), concept="dialysis"),
                    Need(label=Text("kidney transplant", "肾移植"), concept="kidney_transplant"),
                )
            ),
        ),
    ),
)
