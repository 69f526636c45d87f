"""The likelihood that the fit climbs is the one the compiled filter gives."""

import numpy as np
import pytest
import torch

from tests.unit.forecast.joint.simulated import scattered, small_model
from twin.forecast.joint.filter import surprises
from twin.forecast.joint.likelihood import log_likelihood, visits
from twin.forecast.joint.model import JointModel
from twin.forecast.joint.parameters import Parameters, size, unpack


def _tensors(model: JointModel) -> Parameters:
    names = Parameters.__dataclass_fields__
    return Parameters(**{name: torch.as_tensor(getattr(model, name), dtype=torch.float64) for name in names})


@pytest.mark.parametrize(("censored", "ties"), [(0.0, True), (0.2, False)])
def test_torch_and_the_compiled_filter_agree_on_the_likelihood(censored: float, ties: bool) -> None:
    model = small_model(3, gate=1e9)
    data = scattered(model, censored=censored, ties=ties)
    likelihood, extra, jump = surprises(model, data)
    total = float(log_likelihood(_tensors(model), visits(data, extra, jump)))
    assert total == pytest.approx(likelihood.sum(), abs=1e-7)


def test_a_wild_reading_and_a_step_are_told_to_torch_as_noise_and_jump() -> None:
    model = small_model(2, gate=2.0)
    data = scattered(model, ties=False)
    likelihood, extra, jump = surprises(model, data)
    assert (extra > 0).any()
    assert (jump > 0).any()
    told = float(log_likelihood(_tensors(model), visits(data, extra, jump)))
    untold = float(log_likelihood(_tensors(model), visits(data, 0 * extra, 0 * jump)))
    tail = likelihood[(extra == 0) & (jump == 0)].sum()
    assert untold < tail  # one wild value bends what comes after it
    assert told > untold


def test_the_gradient_is_that_of_the_likelihood() -> None:
    model = small_model(2)
    data = visits(scattered(model, patients=2, readings=4, censored=0.2), np.zeros(8), np.zeros(8))
    free = 0.1 * torch.randn(size(2, 2, 1), dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def objective(at: torch.Tensor) -> torch.Tensor:
        parameters, penalty = unpack(at, 2, 2, 1)
        return log_likelihood(parameters, data) - penalty

    assert torch.autograd.gradcheck(objective, free.requires_grad_(), fast_mode=True)
