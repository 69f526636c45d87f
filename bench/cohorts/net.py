"""The discrete-hazard net peer: a small network giving the hazard of each interval (Gensheimer 2019).

doi:10.7717/peerj.6257; torch. Letters: N rows, D features, K intervals.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from torch import nn

from bench.cohorts.cox import Predict
from bench.cohorts.landmarks import Filling, Stack

_INTERVALS_A_YEAR = 2
_MEMBERS = 5  # nets, each stopped early on another fifth of the training patients
_PATIENCE, _MOST_EPOCHS = 10, 200


def fit_net(train: Stack, *, seed: int = 0) -> Predict:
    """Fit and return features -> risk (rows, horizons), the mean of five nets."""
    filling = Filling.of(train.features)
    known = torch.tensor(filling(train.features).to_numpy(), dtype=torch.float32)
    years, event = train.until(competing_stays=True)
    ends = np.arange(1, round(max(train.horizons) * _INTERVALS_A_YEAR) + 1) / _INTERVALS_A_YEAR
    begun = torch.tensor(years[:, None] > ends - 1 / _INTERVALS_A_YEAR)
    over = torch.tensor(years[:, None] <= ends + 1e-9)
    here = torch.tensor((event == 1)[:, None]) & begun & over
    # censored inside an interval: at risk for it only when more than half of it was seen
    at_risk = (begun & (~over | here | torch.tensor(years[:, None] > ends - 0.5 / _INTERVALS_A_YEAR))).float()
    part = np.random.default_rng(seed).integers(0, _MEMBERS, train.rows.patient_id.nunique())
    part = part[pd.factorize(train.rows.patient_id)[0]]
    nets = [_train(known, here.float(), at_risk, torch.tensor(part == m), seed + m) for m in range(_MEMBERS)]
    set_right = _calibrated(nets, known, here.float(), at_risk, part)
    at = [round(w * _INTERVALS_A_YEAR) - 1 for w in train.horizons]

    def predict(features: pd.DataFrame) -> np.ndarray:
        known = torch.tensor(filling(features).to_numpy(), dtype=torch.float32)
        with torch.no_grad():
            risks = [1 - torch.cumprod(1 - torch.sigmoid(set_right(net(known))), dim=1)[:, at] for net in nets]
        return torch.stack(risks).mean(0).numpy().astype(float)

    return predict


def _train(
    known: torch.Tensor, here: torch.Tensor, at_risk: torch.Tensor, held: torch.Tensor, seed: int
) -> nn.Sequential:
    """One net on the rows not `held`, kept as it was when the held rows' likelihood was best."""
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(known.shape[1], 32), nn.SELU(), nn.Dropout(0.2), nn.Linear(32, here.shape[1]))
    rate = (here.sum(0) + 1) / (at_risk.sum(0) + 2)
    nn.init.zeros_(net[-1].weight)
    net[-1].bias.data = torch.logit(rate)
    descent = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.05)
    index = torch.nonzero(~held)[:, 0]
    batch = max(64, len(index) // 20)
    best, kept, waited = np.inf, net.state_dict(), 0
    for _ in range(_MOST_EPOCHS):
        net.train()
        for rows in index[torch.randperm(len(index))].split(batch):
            descent.zero_grad()
            _loss(net(known[rows]), here[rows], at_risk[rows]).backward()
            descent.step()
        net.eval()
        with torch.no_grad():
            loss = float(_loss(net(known[held]), here[held], at_risk[held]))
        if loss < best:
            best, waited, kept = loss, 0, {k: v.clone() for k, v in net.state_dict().items()}
        elif (waited := waited + 1) >= _PATIENCE:
            break
    net.load_state_dict(kept)
    return net.eval()


def _calibrated(
    nets: list[nn.Sequential], known: torch.Tensor, here: torch.Tensor, at_risk: torch.Tensor, part: np.ndarray
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Slope and intercept for the logits, from each net on the rows it was not trained on: alone it is too sure."""
    logit = torch.zeros_like(here)
    with torch.no_grad():
        for member, net in enumerate(nets):
            logit[part == member] = net(known[part == member])
    line = torch.tensor([1.0, 0.0], requires_grad=True)
    descent = torch.optim.LBFGS([line], max_iter=50, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        descent.zero_grad()
        value = _loss(line[0] * logit + line[1], here, at_risk)
        value.backward()
        return value

    descent.step(loss)
    slope, intercept = line.detach()
    return lambda given: slope * given + intercept


def _loss(logit: torch.Tensor, here: torch.Tensor, at_risk: torch.Tensor) -> torch.Tensor:
    cross = nn.functional.binary_cross_entropy_with_logits(logit, here, reduction="none")
    return (cross * at_risk).sum() / at_risk.sum()
