"""The pancreas: is diabetes coming or getting out of hand, and does a cyst, a duct or a marker need another look?"""

from twin.organs.base import Organ, OrganHistory, OrganScore, OrganSignal, Text
from twin.organs.rules import glucose, pancreas_imaging

ORGAN = Organ(
    key="pancreas",
    name=Text("Pancreas", "胰腺"),
    starts_with=Text("An HbA1c or a fasting glucose starts it.", "检测糖化血红蛋白或空腹血糖即可开始。"),
    signals=(
        OrganSignal(key="hba1c", label=Text("HbA1c", "糖化血红蛋白")),
        OrganSignal(key="glucose_fasting", label=Text("fasting glucose", "空腹血糖")),
        OrganSignal(key="glucose", label=Text("glucose, fasting not stated", "血糖（未说明空腹）")),
        OrganSignal(key="insulin_fasting", label=Text("fasting insulin", "空腹胰岛素")),
        OrganSignal(key="ca19_9", label=Text("CA 19-9", "CA 19-9")),
        OrganSignal(key="lipase", label=Text("lipase", "脂肪酶")),
        OrganSignal(key="amylase", label=Text("amylase", "淀粉酶")),
        OrganSignal(key="faecal_elastase", label=Text("faecal elastase", "粪弹性蛋白酶")),
        OrganSignal(key="pancreatic_duct_diameter", label=Text("pancreatic duct", "胰管")),
        OrganSignal(key="pancreatic_cyst_diameter", label=Text("pancreatic cyst", "胰腺囊肿")),
        OrganSignal(key="pancreas_volume", label=Text("pancreas volume", "胰腺体积")),
        OrganSignal(key="pancreas_hu", label=Text("pancreas on CT", "胰腺 CT 值")),
        OrganSignal(key="visceral_fat_area", label=Text("visceral fat", "内脏脂肪面积")),
    ),
    scores=(
        OrganScore(key="homa_ir", output="value", label=Text("HOMA-IR", "HOMA-IR")),
        OrganScore(key="tyg", output="value", label=Text("TyG index", "TyG 指数")),
    ),
    thresholds=(*glucose.LINES, *pancreas_imaging.LINES),
    history=(
        OrganHistory(key="diabetes", kind="concept", label=Text("diabetes", "糖尿病")),
        OrganHistory(key="prediabetes", kind="concept", label=Text("prediabetes", "糖尿病前期")),
        OrganHistory(key="glucose_lowering", kind="concept", label=Text("glucose-lowering medicine", "降糖药")),
        OrganHistory(key="insulin", kind="concept", label=Text("insulin treatment", "胰岛素治疗")),
        OrganHistory(key="chronic_pancreatitis", kind="concept", label=Text("chronic pancreatitis", "慢性胰腺炎")),
        OrganHistory(key="acute_pancreatitis", kind="concept", label=Text("acute pancreatitis", "急性胰腺炎")),
        OrganHistory(key="pancreatic_cyst", kind="concept", label=Text("pancreatic cyst", "胰腺囊肿")),
        OrganHistory(key="pancreatic_cancer", kind="concept", label=Text("pancreatic cancer", "胰腺癌")),
        OrganHistory(key="weight_loss", kind="concept", label=Text("weight loss", "体重下降")),
        OrganHistory(key="family_diabetes", kind="concept", label=Text("diabetes in the family", "糖尿病家族史")),
        OrganHistory(
            key="family_pancreatic_cancer",
            kind="concept",
            label=Text("pancreatic cancer in the family", "胰腺癌家族史"),
        ),
    ),
)
