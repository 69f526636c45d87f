"""Which measurement of one organ says something of another, and by what: data that the page shows.

Organ files know nothing of each other. A score's link means that its forecast moves with the other organ's trajectory;
an evidence link is a cited relation that a clinician reads beside the organ, and that no number of ours computes on.
No fitted model reads this table yet.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

from twin.organs.base import Text


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """`of`, a signal, score or history of `source`, acts on `target`: through the score `through`, or as evidence.

    `status`: whether someone compared it with its source.
    """

    source: str
    of: str
    target: str
    kind: Literal["score", "evidence"]
    through: str = ""
    label: Text
    citation: str
    status: Literal["verified", "unverified"] = "verified"


def _score(source: str, of: str, target: str, through: str, en: str, zh: str, citation: str) -> Link:
    return Link(
        source=source, of=of, target=target, kind="score", through=through, label=Text(en, zh), citation=citation
    )


_MELD = "Kim WR; Gastroenterology 2021;161:1887; doi:10.1053/j.gastro.2021.08.050"
_PREVENT = "Khan SS; Circulation 2024;149:430; doi:10.1161/CIRCULATIONAHA.123.067626"
_KDIGO = "KDIGO; Kidney Int 2024;105(4S):S117; doi:10.1016/j.kint.2023.10.018"
_NFS = "Angulo P; Hepatology 2007;45:846; doi:10.1002/hep.21496"
_FLI = "Bedogni G; BMC Gastroenterol 2006;6:33; doi:10.1186/1471-230X-6-33"

LINKS: tuple[Link, ...] = (
    _score("kidney", "creatinine", "liver", "meld3", "kidney function in MELD", "MELD 中的肾功能", _MELD),
    _score("vascular", "bmi", "liver", "nafld_fs", "body mass in the fat and fibrosis scores",
           "脂肪肝和纤维化评分中的体重指数", _NFS),
    _score("vascular", "weight", "liver", "nafld_fs", "weight, where no body mass index is on record",
           "无体重指数时使用体重", _NFS),
    _score("vascular", "waist", "liver", "fli", "waist in the fatty liver index", "脂肪肝指数中的腰围", _FLI),
    _score("vascular", "triglycerides", "liver", "fli", "triglycerides in the fatty liver index",
           "脂肪肝指数中的甘油三酯", _FLI),
    _score("kidney", "creatinine", "vascular", "prevent", "kidney function in PREVENT", "PREVENT 中的肾功能", _PREVENT),
    _score("kidney", "urine_acr", "vascular", "prevent", "urine albumin in PREVENT", "PREVENT 中的尿白蛋白", _PREVENT),
    _score("pancreas", "hba1c", "vascular", "prevent", "HbA1c in PREVENT", "PREVENT 中的糖化血红蛋白", _PREVENT),
    _score("vascular", "triglycerides", "pancreas", "tyg", "triglycerides in the TyG index", "TyG 指数中的甘油三酯",
           "formulas.md section 5"),
    Link(source="pancreas", of="diabetes", target="kidney", kind="evidence",
         label=Text("diabetes is a reason to look at eGFR and urine albumin", "糖尿病患者需检查 eGFR 和尿白蛋白"),
         citation=_KDIGO, status="unverified"),
    Link(source="vascular", of="hypertension", target="kidney", kind="evidence",
         label=Text("hypertension is a reason to look at eGFR and urine albumin", "高血压患者需检查 eGFR 和尿白蛋白"),
         citation=_KDIGO, status="unverified"),
    Link(source="pancreas", of="diabetes", target="vascular", kind="evidence",
         label=Text("diabetes enters every cardiovascular risk", "糖尿病计入各项心血管风险"), citation=_PREVENT),
    Link(source="kidney", of="ckd", target="vascular", kind="evidence",
         label=Text("kidney disease raises the cardiovascular risk", "慢性肾脏病升高心血管风险"), citation=_KDIGO,
         status="unverified"),
    Link(source="pancreas", of="diabetes", target="liver", kind="evidence",
         label=Text("diabetes is a reason to look for liver fibrosis", "糖尿病患者需筛查肝纤维化"),
         citation="EASL-EASD-EASO; J Hepatol 2024; doi:10.1016/j.jhep.2024.04.031"),
)  # fmt: skip


@cache
def links_to(organ: str) -> tuple[Link, ...]:
    """Return what acts on an organ from outside, in the order of the table."""
    return tuple(link for link in LINKS if link.target == organ)
