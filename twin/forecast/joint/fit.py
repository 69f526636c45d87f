"""Which parameters make the readings of many patients most likely: maximum marginal likelihood with a mild penalty.

One series over all patients, working scales. The search (L-BFGS on gradients of torch) starts from house values and is
deterministic. Of many patients, and of many visits of one patient, a seeded part is enough for the search.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twin.forecast.joint.model import JointModel
from twin.forecast.joint.scale import Scale
from twin.forecast.joint.series import Series, of_patients, series

Array = NDArray[np.float64]


def fit(
    readings: Series,
    keys: Sequence[str],
    scales: Sequence[Scale],
    *,
    seed: int = 0,
    patients_at_most: int = 1_000,
    visits_at_most: int = 40,
    rounds_at_most: int = 80,
    since: float = -np.inf,
    gate: float = 3.5,
    step_years: float = 0.08,
    fade: float | None = None,
) -> JointModel:
    """Return the fitted model, without corrections (`calibrate` adds them).

    Args:
        readings: the training patients. keys, scales: of its K signals, in order.
        patients_at_most: of more, a seeded sample.
        visits_at_most: of a patient with more, a seeded part (see `thinned`).
        fade: years; with it the model has the form of the pages (`forecast.group`): no swing, drifts fade in so long.
        since: years; readings before are left out of the search (the weeks after a transplant follow other laws).

    Raises:
        ValueError: a signal has fewer than two readings, or the keys do not match the series.
    """
    from twin.forecast.joint.search import search  # torch is loaded where a fit is asked for, not to filter

    if not len(keys) == len(scales) == readings.signals:
        raise ValueError(f"{len(keys)} keys and {len(scales)} scales for {readings.signals} signals")
    chosen = thinned(readings, seed, patients_at_most, visits_at_most, since)
    centre, spread = _centre_and_spread(chosen, keys)
    middle, width = _middle_and_width(chosen.covariates)
    standard = series(
        patient=chosen.patient,
        time=chosen.time,
        signal=chosen.signal,
        value=(chosen.value - centre[chosen.signal]) / spread[chosen.signal],
        censored=chosen.censored,
        covariates=(chosen.covariates - middle) / width,
        signals=chosen.signals,
        starts=(chosen.start_patient, chosen.start_time, chosen.start_which),
        kinds=chosen.kinds,
    )
    found = search(standard, gate, step_years, rounds_at_most, fade)
    both = np.tile(spread, 2)
    effects = {name: spread[:, None] * _unscaled(found[name], middle, width) for name in ("intercept", "trend")}
    effects["intercept"][:, 0] += centre
    return JointModel(
        keys=tuple(keys),
        scales=tuple(scales),
        **effects,
        step=spread[:, None] * found["step"],
        ramp=spread[:, None] * found["ramp"],
        prior=found["prior"] * np.outer(both, both),
        drift=found["drift"] * np.outer(spread, spread),
        wander=found["wander"] * np.outer(spread, spread),
        swing=found["swing"] * np.outer(spread, spread),
        rate=found["rate"],
        noise=found["noise"] * spread**2,
        relaxation=float(found["relaxation"]),
        gate=gate,
        step_years=step_years,
        corrections={},
    )


def thinned(readings: Series, seed: int, patients_at_most: int, visits_at_most: int, since: float) -> Series:
    """Return at most so many patients, and at most so many visits of each; seeded.

    Of a patient with more, half are a run of neighbours, which tells noise from swing, and half lie anywhere, which
    tells how far a level goes in years."""
    rng = np.random.default_rng(seed)
    late = readings.time >= since
    there = np.unique(readings.patient[late])
    if len(there) > patients_at_most:
        there = np.sort(rng.choice(there, patients_at_most, replace=False))
    part = of_patients(readings, there)
    keep = part.time >= since
    for patient in range(part.patients):
        rows = np.flatnonzero((part.patient == patient) & keep)
        times = np.unique(part.time[rows])
        if len(times) > visits_at_most:
            run = visits_at_most // 2
            first = int(rng.integers(len(times) - run + 1))
            others = np.delete(times, slice(first, first + run))
            chosen = np.concatenate(
                (times[first : first + run], rng.choice(others, visits_at_most - run, replace=False))
            )
            keep[rows[~np.isin(part.time[rows], chosen)]] = False
    return series(
        patient=part.patient[keep],
        time=part.time[keep],
        signal=part.signal[keep],
        value=part.value[keep],
        censored=part.censored[keep],
        covariates=part.covariates,
        signals=part.signals,
        starts=(part.start_patient, part.start_time, part.start_which),
        kinds=part.kinds,
    )


def _centre_and_spread(readings: Series, keys: Sequence[str]) -> tuple[Array, Array]:
    centre, spread = np.empty(readings.signals), np.empty(readings.signals)
    for signal in range(readings.signals):
        values = readings.value[readings.signal == signal]
        if len(values) < 2 or values.std() == 0:
            raise ValueError(f"{keys[signal]}: {len(values)} readings, nothing to fit")
        centre[signal], spread[signal] = values.mean(), values.std()
    return centre, spread


def _middle_and_width(covariates: Array) -> tuple[Array, Array]:
    """Of each column, its mean and SD; of the intercept, and of any other that never varies, 0 and 1."""
    varies = covariates.std(axis=0) > 0
    return np.where(varies, covariates.mean(axis=0), 0.0), np.where(varies, covariates.std(axis=0), 1.0)


def _unscaled(effects: Array, middle: Array, width: Array) -> Array:
    """Effects (K, C) on standard covariates as effects on raw ones: the middles move into the intercept."""
    raw = effects / width
    raw[:, 0] -= raw @ middle
    return np.asarray(raw)
