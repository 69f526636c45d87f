"""The search for the most likely parameters, in standard units (torch)."""

import numpy as np
import torch
from numpy.typing import NDArray

from twin.forecast.joint.filter import surprises
from twin.forecast.joint.likelihood import Visits, log_likelihood, visits
from twin.forecast.joint.model import JointModel
from twin.forecast.joint.parameters import Parameters, size, unpack
from twin.forecast.joint.scale import Scale
from twin.forecast.joint.series import Series
from twin.forecast.one_thread import one_thread

MEMORY = 15  # pairs of gradients that L-BFGS remembers: beyond it the rounds saved no longer pay for the longer step
TOLERANCE = 1e-6  # of the objective per reading: far below what a forecast shows
HOPELESS = 1e6  # nats a reading: the line search turns back from it
PASSES = 3  # which readings are wild is looked at again so often: the third look moved no parameter by 1 % (pbcseq)

Array = NDArray[np.float64]


def search(
    standard: Series, gate: float, step_years: float, rounds_at_most: int, fade: float | None = None
) -> dict[str, Array]:
    """Return every parameter by its name, for a series in standard units."""
    shape = (standard.signals, standard.covariates.shape[1], standard.kinds)
    free = torch.zeros(size(*shape), dtype=torch.float64, requires_grad=True)
    with one_thread():
        for _ in range(PASSES):
            _, extra, jump = surprises(_model(free, shape, gate, step_years, fade), standard)
            _climb(free, shape, visits(standard, extra, jump), len(standard.time), rounds_at_most // PASSES, fade)
    return _named(free, shape, fade)


def _climb(
    free: torch.Tensor, shape: tuple[int, int, int], data: Visits, readings: int, rounds: int, fade: float | None
) -> None:
    """Move `free` uphill in place."""
    steps = torch.optim.LBFGS(
        [free], max_iter=rounds, history_size=MEMORY, line_search_fn="strong_wolfe", tolerance_change=TOLERANCE
    )

    def objective() -> torch.Tensor:
        steps.zero_grad()
        parameters, penalty = unpack(free, *shape, fade)
        try:
            loss = (penalty - log_likelihood(parameters, data)) / readings
        except torch.linalg.LinAlgError:  # a step too far: rounding has made a covariance indefinite
            loss = HOPELESS + penalty / readings
        loss.backward()
        return loss

    steps.step(objective)


def _named(free: torch.Tensor, shape: tuple[int, int, int], fade: float | None) -> dict[str, Array]:
    with torch.no_grad():
        parameters, _ = unpack(free, *shape, fade)
    return {name: getattr(parameters, name).numpy().copy() for name in Parameters.__dataclass_fields__}


def _model(
    free: torch.Tensor, shape: tuple[int, int, int], gate: float, step_years: float, fade: float | None
) -> JointModel:
    """The parameters as they stand, for the compiled filter."""
    named = _named(free, shape, fade)
    relaxation = float(named.pop("relaxation"))
    count = shape[0]
    keys, scales = tuple(str(signal) for signal in range(count)), (Scale(),) * count
    return JointModel(
        keys=keys, scales=scales, **named, relaxation=relaxation, gate=gate, step_years=step_years, corrections={}
    )
