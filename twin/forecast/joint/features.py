"""What a forecast of one signal may be corrected for: the state in a few plain numbers, each with a name."""

import numpy as np
from numpy.typing import NDArray

from twin.forecast.joint.filter import Asked
from twin.forecast.joint.model import JointModel

Array = NDArray[np.float64]
FAR = 4.0  # SD: a state further out counts as if it lay here, so that no one drags a line beyond the data


def names(model: JointModel, signal: int, covariates: int) -> tuple[str, ...]:
    """Return the name of every feature of forecasts of `signal`, in the order of `features`."""
    own = model.keys[signal]
    return (
        "constant",
        *(f"level of {key}" for key in model.keys),
        *(f"slope of {key}" for key in model.keys),
        f"level of {own}, squared",
        f"level of {own}, above its mean",
        f"last reading of {own} off its level",
        f"passing swing of {own}",
        f"uncertainty of the level of {own}",
        f"readings of {own}",
        f"years since the last reading of {own}",
        "years since any reading",
        f"restlessness of {own}",
        f"population mean of {own}",
        "years on the clock",
        *(f"covariate {index}" for index in range(1, covariates)),
    )


def features(model: JointModel, asked: Asked, signal: int) -> Array:
    """Return the raw features (M, F) of forecasts of `signal` from the states `asked` (M)."""
    k = model.signals
    sizes = np.sqrt(np.diag(model.prior))
    levels = _bounded((asked.level - asked.mean) / sizes[:k])
    slopes = _bounded(asked.x[:, k : 2 * k] / sizes[k:])
    own = levels[:, signal]
    noise = np.sqrt(model.noise[signal])
    spread = asked.p[:, signal, signal] + 2 * asked.p[:, signal, signal + 2 * k]
    spread = spread + asked.p[:, signal + 2 * k, signal + 2 * k]
    seen = asked.seen.sum(axis=1) > 0
    columns = [
        np.ones(len(own)),
        *levels.T,
        *slopes.T,
        own**2,
        np.maximum(own, 0.0),
        _bounded((asked.newest - asked.level)[:, signal] / noise),
        _bounded(asked.x[:, 2 * k + signal] / noise),
        np.log(spread / noise**2),
        np.log1p(asked.seen[:, signal]),
        np.log1p(np.minimum(asked.last[:, signal], FAR * model.relaxation)),
        np.log1p(np.where(seen, np.minimum(asked.last.min(axis=1), FAR * model.relaxation), 0.0)),
        np.log(asked.restless[:, signal]),
        asked.mean[:, signal],
        asked.time,
        *asked.covariates[:, 1:].T,
    ]
    return np.stack(columns, axis=1)


def _bounded(sizes: Array) -> Array:
    return np.clip(sizes, -FAR, FAR)
