"""Why is a signal forecast to change: the parts of the change, each named, that sum to it."""

from dataclasses import dataclass

import numpy as np

from twin.forecast.joint.correction import hats
from twin.forecast.joint.features import features, names
from twin.forecast.joint.filter import Asked
from twin.forecast.joint.futures import take
from twin.forecast.joint.model import JointModel
from twin.forecast.joint.predict import predict
from twin.forecast.kernels import transition


@dataclass(frozen=True, kw_only=True, slots=True)
class Driver:
    """One part of a forecast change, working scale: its name, and how much of the change it makes."""

    name: str
    amount: float


def drivers(model: JointModel, asked: Asked, row: int, signal: int, years: float) -> tuple[Driver, ...]:
    """Return what moves the forecast of `signal` between state number `row` and `years` later, largest part first.

    The parts: the patient's own slope, the swing that will pass, the change of the population's mean, and what the
    errors of past forecasts taught, by feature. An association, not a cause.
    """
    key, k = model.keys[signal], model.signals
    b = transition(years, 1.0, 0.0, model.relaxation)[0]
    fade = float(np.exp(-model.rate[signal] * years))
    parts = [
        (f"slope of {key}", b * float(asked.x[row, k + signal])),
        (f"passing swing of {key}", (fade - 1.0) * float(asked.x[row, 2 * k + signal])),
        (f"population trend of {key}", years * float(asked.trend[row, signal])),
    ]
    correction = model.corrections.get(signal)
    if correction is not None:
        one = take(asked, np.array([row]))
        spread = float(np.sqrt(predict(model, one, signal, np.array([years])).variance[0]))
        scaled = (features(model, one, signal)[0] - correction.centre) / correction.spread
        weight = hats(correction.horizons, np.array([years]))[0]
        amounts = spread * scaled * (weight @ correction.shift)
        middle = spread * float(np.exp(scaled @ (weight @ correction.stretch)) * (weight @ correction.middle))
        called = names(model, signal, asked.covariates.shape[1])
        parts.append(("past errors: their middle", middle))
        parts += [(f"past errors: {name}", float(amount)) for name, amount in zip(called, amounts, strict=True)]
    ordered = sorted(parts, key=lambda part: -abs(part[1]))
    return tuple(Driver(name=name, amount=amount) for name, amount in ordered if amount != 0.0)
