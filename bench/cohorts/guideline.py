"""What would the cohort's own rule of thumb or guideline score say at a visit?

One number a replay row, higher is worse. Where the guideline speaks of a yes or no, age or time breaks the tie, so that
a budget of alerts can be met at all.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from bench.cohorts.history import whole_history
from bench.cohorts.study import Study


def _mayo(known: pd.DataFrame) -> np.ndarray:
    """Mayo PBC risk score, Dickson 1989 (Hepatology 10:1); `bili`, `albumin`, `protime` come as logarithms."""
    of = known.fillna(known.median())
    return (0.871 * of.bili - 2.53 * of.albumin + 0.039 * of.age + 2.38 * of.protime + 0.859 * of.edema).to_numpy()


def _fib4(known: pd.DataFrame) -> np.ndarray:
    """FIB-4 above 2.67 at its last measuring (the source records no lower one), then age: Sterling 2006."""
    # 4.6: the logarithm of an age of 100, so that no age outranks a flag
    return np.where(known.fib4_high.isna(), 0.0, 4.6 + known.fib4_high) + known.age.to_numpy() / 100


def _age(known: pd.DataFrame) -> np.ndarray:
    return known.age.to_numpy(float)


def _framingham(known: pd.DataFrame) -> np.ndarray:
    """Framingham general CVD risk with body mass index for lipids (HDL is missing in three of four examinations).

    D'Agostino 2008, doi:10.1161/CIRCULATIONAHA.107.699579; used beyond its ages of 30-74 as the cohort grows older.
    """
    of = known.fillna(known.median())
    treated, man = of.bpmeds > 0.5, of.male > 0.5
    men = 3.11296 * np.log(of.age) + 0.79277 * of.bmi + np.where(treated, 1.92672, 1.85508) * of.sysbp
    men = 1 - 0.88431 ** np.exp(men + 0.70953 * of.cursmoke + 0.53160 * of.diabetes - 23.9388)
    women = 2.72107 * np.log(of.age) + 0.51125 * of.bmi + np.where(treated, 2.88267, 2.81291) * of.sysbp
    women = 1 - 0.94833 ** np.exp(women + 0.61868 * of.cursmoke + 0.77763 * of.diabetes - 26.0145)
    return np.where(man, men, women)


def _egfr(known: pd.DataFrame) -> np.ndarray:
    """Low eGFR and its fall: what the last value comes to in a year if it goes on falling as in the last one.

    The mean of the last year stands half a year back, so twice the gap to it is the yearly fall (KDIGO 2024 asks for
    both level and decline; the projection is ours).
    """
    last, lately = np.exp(known.gfr), np.exp(known.gfr_lately)
    fall = np.minimum(2 * (last - lately), 0).fillna(0)
    return -(last.fillna(last.median()) + fall).to_numpy()


def _diameter(known: pd.DataFrame) -> np.ndarray:
    return known.diam.to_numpy(float)


def _grade(known: pd.DataFrame) -> np.ndarray:
    """Angiographic grade (ISHLT 2010 grades vasculopathy; it sets no alert), then years since the transplant."""
    return known.cav_grade.fillna(1).to_numpy() + known.since_start.to_numpy() / 10


RULES: dict[str, dict[str, Callable[[pd.DataFrame], np.ndarray]]] = {
    "pbcseq": {"rule_mayo": _mayo},
    "nafld_death": {"rule_fib4": _fib4, "rule_age": _age},
    "nafld_mace": {"rule_fib4": _fib4, "rule_age": _age},
    "framingham": {"rule_framingham": _framingham},
    "aneur": {"rule_diameter": _diameter},
    "cav": {"rule_grade": _grade},
    "renal": {"rule_egfr": _egfr},
}


def rule_scores(study: Study, rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Each rule's score at each row; a gap is filled by the median of the asked rows."""
    known = whole_history(study, rows)
    return {name: rule(known) for name, rule in RULES[study.task].items()}
