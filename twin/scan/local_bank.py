"""What do readers here say of regions that look like this one? Their verdicts join the annotated cases.

A patient's own regions never answer for that patient. How verdicts become cases: `learning`.
"""

import hashlib
from dataclasses import replace
from functools import cache

import numpy as np
from sqlalchemy import Engine

from imaging.bank import Bank, Case, match_regions, shipped_bank
from imaging.bank.descriptor import NAMES
from imaging.study import Screening
from imaging.volume import Volume
from twin.store import local_cases
from twin.store.local_cases import LocalCase

DESCRIBED_BY = hashlib.sha256("\n".join(NAMES).encode()).hexdigest()[:16]  # numbers of other names can't be compared
ORDER = "<f4"


def bank_for(engine: Engine, patient_id: str) -> Bank:
    """Return the annotated cases with those of this site that are not of this patient."""
    with engine.connect() as connection:
        own = local_cases.others(connection, patient_id, DESCRIBED_BY)
    return _shipped().with_local([_case(each) for each in own])


def compared(engine: Engine, volume: Volume, screening: Screening, patient_id: str) -> Screening:
    """Return the screening with the nearest annotated cases of each region."""
    return replace(screening, regions=match_regions(volume, screening.regions, bank_for(engine, patient_id)))


@cache
def _shipped() -> Bank:
    return shipped_bank()


def _case(kept: LocalCase) -> Case:
    kind = "normal_tissue" if kept.said in ("normal", "normal_tissue") else "nodule"
    words = kept.said if kept.said != "normal" else "normal_tissue"
    return Case(
        name=f"this site, verdict {kept.verdict_id}, region {kept.rank}", kind=kind,
        numbers=np.frombuffer(kept.vector, ORDER).astype(np.float32), verdict=words.replace("_", " "),
    )  # fmt: skip
