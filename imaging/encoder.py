"""How is the bank's encoder trained: numbers of a lump in, a place among its likes out?

Four small networks, each two layers and 16 numbers of unit length, learn from the readers' ratings. What comes out are
plain arrays: `imaging.bank.embedding` runs them without torch. The same seed gives the same weights on one machine.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

MEMBERS, HIDDEN, WIDTH = 4, 48, 16  # 4 x 16 = 64 numbers a case; more members or wider gained nothing in training folds
STEPS = 150  # full batches; 300 fitted the training patients better and the others worse
LEARNING_RATE, WEIGHT_DECAY = 5e-3, 0.3
DROPPED, DROPPED_INPUT, NOISE = 0.3, 0.1, 0.1  # shares, and standard deviations of the standardised numbers


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Of all members (M): first (M, F, H), first_bias (M, H), second (M, H, W), second_bias (M, W)."""

    first: NDArray[np.float32]
    first_bias: NDArray[np.float32]
    second: NDArray[np.float32]
    second_bias: NDArray[np.float32]


def fit_encoder(standard: NDArray[np.float32], ratings: NDArray[np.float32], seed: int) -> Weights:
    """Return weights learnt from standardised numbers (N, F) and ratings (N, R), -1 to 1, NaN where there is none."""
    torch.set_num_threads(1)  # sums in one order
    draw = torch.Generator().manual_seed(seed)
    x, y = torch.tensor(standard), torch.tensor(np.nan_to_num(ratings))
    told = torch.tensor(~np.isnan(ratings))
    first = _drawn(draw, MEMBERS, x.shape[1], HIDDEN)
    second = _drawn(draw, MEMBERS, HIDDEN, WIDTH)
    head = _drawn(draw, MEMBERS, WIDTH, y.shape[1])
    biases = [torch.zeros(MEMBERS, 1, n, requires_grad=True) for n in (HIDDEN, WIDTH, y.shape[1])]
    matrices = [first, second, head]
    optimiser = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": biases, "weight_decay": 0.0}], lr=LEARNING_RATE
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=LEARNING_RATE, total_steps=STEPS)
    for _ in range(STEPS):
        shaken = x + NOISE * torch.randn(MEMBERS, *x.shape, generator=draw)
        shaken = shaken * (torch.rand(shaken.shape, generator=draw) > DROPPED_INPUT)
        hidden = torch.relu(shaken @ first + biases[0])
        hidden = hidden * (torch.rand(hidden.shape, generator=draw) > DROPPED) / (1 - DROPPED)
        place = torch.nn.functional.normalize(hidden @ second + biases[1], dim=-1)
        apart = (place * WIDTH**0.5 @ head + biases[2] - y) ** 2
        loss = (apart * told).sum((1, 2)).sum() / told.sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return Weights(first=_array(first), first_bias=_array(biases[0])[:, 0], second=_array(second),
                   second_bias=_array(biases[1])[:, 0])  # fmt: skip


def _drawn(draw: torch.Generator, *shape: int) -> torch.Tensor:
    """Return normal starting weights, scaled by the number of inputs (He 2015 without the factor 2)."""
    return (torch.randn(*shape, generator=draw) / shape[-2] ** 0.5).requires_grad_()


def _array(tensor: torch.Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().numpy().copy()
    return array
