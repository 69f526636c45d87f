"""The risk peers: what each learns from and how it is fitted."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from bench.cohorts.boosting import fit_weighted_boosting
from bench.cohorts.cox import Predict, fit_cox
from bench.cohorts.forest import fit_forest
from bench.cohorts.history import last_values, whole_history
from bench.cohorts.landmarks import Stack
from bench.cohorts.mixed import MixedModel, fit_mixed
from bench.cohorts.net import fit_net
from bench.cohorts.study import Study

Features = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True, kw_only=True, slots=True)
class RiskPeer:
    """`look` gives, for a study and the fold left out, what turns (patient, landmark) rows into features."""

    key: str
    look: Callable[[Study, int], Features]
    fit: Callable[[Study, Stack], Predict]
    extra: bool = False  # learns from the plan's extra landmarks too


def _last(study: Study, fold: int) -> Features:
    def look(rows: pd.DataFrame) -> pd.DataFrame:
        known = last_values(study, rows)
        return known[list(study.plan.cox)] if study.plan.cox else known

    return look


def _whole(study: Study, fold: int) -> Features:
    return lambda rows: whole_history(study, rows)


def _level_and_slope(study: Study, fold: int) -> Features:
    """The last values, with level and slope at the landmark in the place of each mixed-model signal."""
    models: dict[str, MixedModel] = {name: fit_mixed(study, name, fold) for name in study.plan.mixed}
    last = _last(study, fold)

    def look(rows: pd.DataFrame) -> pd.DataFrame:
        known = last(rows).drop(columns=list(study.plan.mixed), errors="ignore")
        for name, model in models.items():
            level, _, slope = model.at(study, rows, rows.landmark_time.to_numpy(float))
            known[f"{name}_level"], known[f"{name}_slope"] = level, slope
        return known

    return look


def _fit_cox(study: Study, train: Stack) -> Predict:
    return fit_cox(train, ridge=study.plan.cox_ridge)


RISK_PEERS = (
    RiskPeer(key="cox_last", look=_last, fit=_fit_cox, extra=True),
    RiskPeer(key="cox_mixed", look=_level_and_slope, fit=_fit_cox, extra=True),
    RiskPeer(key="boosting", look=_whole, fit=lambda _, train: fit_weighted_boosting(train)),
    RiskPeer(key="forest", look=_whole, fit=lambda _, train: fit_forest(train)),
    RiskPeer(key="net", look=_whole, fit=lambda _, train: fit_net(train)),
)
