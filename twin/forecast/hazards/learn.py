"""Learn a cause's net: members by gradient descent in torch, each stopped by patients that it did not learn from.

Adam with decay (arXiv:1711.05101) on the likelihood of the piecewise constant hazard (`newton`), stopped when the fifth
of the patients that was left out has not been foretold better for ten passes. All but the width is as in the net that
stands beside as a peer (`bench/cohorts/net.py`); docs/decisions/0014 has what else was tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from twin.forecast.hazards.design import LOG_HAZARD_AT_MOST, terms
from twin.forecast.hazards.net import Net, inputs, log_hazards
from twin.forecast.hazards.newton import Seen
from twin.forecast.hazards.rows import EVENTS_AT_LEAST, FOLDS, Rows
from twin.forecast.one_thread import one_thread

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

WIDTH = 16  # half of the peer's: as good, and half the work
SEEDS = 4  # of the net that is kept: as many members for each fifth left out
_DROPPED, _DECAY, _RATE = 0.2, 0.05, 3e-3
_PATIENCE, _PASSES_AT_MOST = 10, 200
_BATCHES, _BATCH_AT_LEAST = 20, 64


@dataclass(frozen=True, kw_only=True, slots=True)
class _Task:
    """What one descent learns from: x (N, D), exposure and events (N, J)."""

    x: Tensor
    exposure: Tensor
    events: Tensor

    def loss(self, net: nn.Module, rows: Tensor) -> Tensor:
        """The mean negative log likelihood of some rows."""
        log_hazard = net(self.x[rows]).clamp(max=LOG_HAZARD_AT_MOST)
        expected = self.exposure[rows] * torch.exp(log_hazard)
        return (expected - self.events[rows] * log_hazard).sum() / len(rows)


def can_learn(rows: Rows, status: int, cuts: Array) -> bool:
    """Return whether the rows that judge have what a net learns from.

    Rows in every fifth of the patients, for each of them stops it, and enough patients with the event.
    """
    had = rows.judges & (rows.status == status) & (rows.time <= cuts[-1])
    return len(np.unique(rows.fold[rows.judges])) == FOLDS and len(np.unique(rows.patient[had])) >= EVENTS_AT_LEAST


@one_thread()
def whole(rows: Rows, keys: frozenset[str], cuts: Array, status: int) -> Net | None:
    """Return the net of all patients, from the rows that judge; None where nothing known varies."""
    own = rows.take(rows.judges)
    chosen = terms(own.of(keys))
    if not chosen:
        return None
    task = _task(inputs(chosen, own.predictors), own, cuts, status)
    members = [
        _descend(task, own.fold != fold, [own.fold == fold], seed=FOLDS * seed + fold)[0]
        for seed in range(SEEDS)
        for fold in range(FOLDS)
    ]
    first, first_bias, last, last_bias = (np.stack(each) for each in zip(*members, strict=True))
    return Net(terms=chosen, parts=FOLDS, first=first, first_bias=first_bias, last=last, last_bias=last_bias)


@one_thread()
def left_out(rows: Rows, keys: frozenset[str], cuts: Array, status: int) -> Array | None:
    """Return the log hazards of each row (N, J) by nets that never saw its patient, not even to stop.

    A descent on three fifths is stopped twice: by one of the other fifths it makes a net for the patients of the other.
    """
    own = rows.take(rows.judges)
    found = np.zeros((len(rows.time), len(cuts) - 1))
    for pair in combinations(range(FOLDS), 2):
        learns = ~np.isin(own.fold, pair)
        chosen = terms(own.take(learns).of(keys))
        if not chosen:
            return None
        task = _task(inputs(chosen, own.predictors), own, cuts, status)
        made = _descend(task, learns, [own.fold == fold for fold in pair], seed=FOLDS * pair[0] + pair[1])
        for member, fold in zip(made, reversed(pair), strict=True):
            first, first_bias, last, last_bias = (each[np.newaxis] for each in member)
            net = Net(terms=chosen, parts=1, first=first, first_bias=first_bias, last=last, last_bias=last_bias)
            asked = rows.fold == fold
            if asked.any():
                found[asked] += log_hazards(net, rows.take(asked).predictors)[0] / (FOLDS - 1)
    return found


def _task(x: Array, rows: Rows, cuts: Array, status: int) -> _Task:
    seen = Seen.of(rows.time, rows.status == status, cuts)
    return _Task(
        x=torch.from_numpy(x).float(),
        exposure=torch.from_numpy(seen.exposure).float(),
        events=torch.from_numpy(seen.events).float(),
    )


def _descend(task: _Task, learns: Mask, stops: Sequence[Mask], *, seed: int) -> list[tuple[Array, ...]]:
    """Return, for each of `stops`, the weights as they were when its rows were foretold best."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        rows = torch.from_numpy(np.flatnonzero(learns))
        held = [torch.from_numpy(np.flatnonzero(stop)) for stop in stops]
        net = _started(task, rows)
        descent = torch.optim.AdamW(net.parameters(), lr=_RATE, weight_decay=_DECAY)
        batch = max(_BATCH_AT_LEAST, len(rows) // _BATCHES)
        best, kept, waited = [np.inf] * len(held), [_weights(net)] * len(held), [0] * len(held)
        for _ in range(_PASSES_AT_MOST):
            net.train()
            for some in rows[torch.randperm(len(rows))].split(batch):
                descent.zero_grad()
                task.loss(net, some).backward()
                descent.step()
            net.eval()
            for at, left in enumerate(held):
                with torch.no_grad():
                    loss = float(task.loss(net, left))
                if waited[at] < _PATIENCE and loss < best[at]:
                    best[at], kept[at], waited[at] = loss, _weights(net), 0
                else:
                    waited[at] += 1
            if min(waited) >= _PATIENCE:
                break
    return kept


def _started(task: _Task, rows: Tensor) -> nn.Sequential:
    """A net that says the mean hazard of everybody."""
    last = nn.Linear(WIDTH, task.events.shape[1])
    nn.init.zeros_(last.weight)
    last.bias.data = torch.log((task.events[rows].sum(0) + 0.5) / (task.exposure[rows].sum(0) + 1.0))
    return nn.Sequential(nn.Linear(task.x.shape[1], WIDTH), nn.SELU(), nn.Dropout(_DROPPED), last)


def _weights(net: nn.Sequential) -> tuple[Array, ...]:
    first, last = net[0], net[-1]
    assert isinstance(first, nn.Linear) and isinstance(last, nn.Linear)
    parts = (first.weight.T, first.bias, last.weight.T, last.bias)
    return tuple(np.ascontiguousarray(part.detach().double().numpy()) for part in parts)
