"""How is a peer fitted on four folds and asked on the fifth, so that the five parts make one file?"""

import numpy as np
import pandas as pd

from bench.cohorts.landmarks import Stack, stack, training_rows
from bench.cohorts.peers import Features, RiskPeer
from bench.cohorts.study import Study, asked_rows


def cross_fit_risk(study: Study, peer: RiskPeer) -> pd.DataFrame:
    """`patient_id, landmark_time, horizon, risk` for every row of the task."""
    rows, parts = asked_rows(study.risk_tasks), []
    for fold in sorted(study.fold.unique()):
        look = peer.look(study, fold)
        predict = peer.fit(study, _train(study, look, fold, study.plan.extra if peer.extra else ()))
        held = _of_fold(study, rows, fold)
        risk = np.clip(predict(look(held)), 0, 1)
        # a later horizon holds the earlier one
        risk = np.maximum.accumulate(risk, axis=1)
        parts += [held.assign(horizon=w, risk=risk[:, j]) for j, w in enumerate(study.horizons)]
    return pd.concat(parts, ignore_index=True).sort_values(["patient_id", "landmark_time", "horizon"])


def cross_fit_replay(study: Study, peer: RiskPeer) -> pd.DataFrame:
    """`patient_id, time, score` at every visit of the replay: the risk at the plan's replay horizon."""
    rows, parts = study.replay_rows(), []
    at = study.horizons.index(study.plan.replay_horizon)
    for fold in sorted(study.fold.unique()):
        look = peer.look(study, fold)
        predict = peer.fit(study, _train(study, look, fold, study.plan.replay_extra))
        held = _of_fold(study, rows, fold)
        parts.append(held.assign(score=predict(look(held))[:, at]))
    return pd.concat(parts, ignore_index=True).rename(columns={"landmark_time": "time"})


def _train(study: Study, look: Features, fold: int, extra: tuple[float, ...]) -> Stack:
    rows = training_rows(study, fold, extra)
    return stack(study, rows, look(rows))


def _of_fold(study: Study, rows: pd.DataFrame, fold: int) -> pd.DataFrame:
    return rows[study.fold.reindex(rows.patient_id).to_numpy() == fold].reset_index(drop=True)
