"""Does the mixed model of the peers find the variance components that statsmodels' MixedLM finds?

PEERS/bin/python bench/slow/cohort_mixed.py [--shared DIR]
"""

import argparse
import os
import sys
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.tools.sm_exceptions import ConvergenceWarning

from bench.cohorts.mixed import background, fit_mixed
from bench.cohorts.study import SHARED, read_study

_FOLD = 0


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--shared", type=Path, default=SHARED)
    study = read_study("pbcseq", asked.parse_args().shared)
    warnings.simplefilter("ignore", ConvergenceWarning)
    for name in ("log_bili", "albumin"):
        began = time.perf_counter()
        ours = fit_mixed(study, name, _FOLD)
        between = time.perf_counter()
        series = ours.series
        mine = (study.fold.reindex(series.codes).to_numpy() != _FOLD)[series.owner]
        random = np.column_stack([np.ones(mine.sum()), series.time[mine] - ours.centre])
        fixed = np.column_stack([random, background(study, series.codes[series.owner[mine]])])
        model = MixedLM(series.value[mine], fixed, groups=series.owner[mine], exog_re=random)
        theirs = model.fit(reml=True)
        spent = time.perf_counter() - between
        gap = max(
            float(np.abs(ours.fixed - theirs.fe_params).max()),
            float(np.abs(ours.random - np.asarray(theirs.cov_re)).max()),
            abs(ours.noise - float(theirs.scale)),
        )
        print(f"{name}: largest difference {gap:.1e}; {between - began:.1f} s, MixedLM {spent:.1f} s")


if __name__ == "__main__":
    main()
