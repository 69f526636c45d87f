"""A small joint model with known parameters, and patients that follow it, made by code."""

import numpy as np

from twin.forecast.joint.model import JointModel
from twin.forecast.joint.scale import Scale
from twin.forecast.joint.series import Series, series


def small_model(signals: int = 2, *, seed: int = 0, gate: float = 3.5) -> JointModel:
    """A model with two covariates and one kind of start, all covariances full."""
    rng = np.random.default_rng(seed)

    def covariance(size: int, sd: float) -> np.ndarray:
        root = rng.normal(size=(size, size + 2))
        return sd * sd * root @ root.T / (size + 2)

    return JointModel(
        keys=tuple("abcd"[:signals]),
        scales=(Scale(),) * signals,
        intercept=rng.normal(size=(signals, 2)),
        trend=0.1 * rng.normal(size=(signals, 2)),
        step=rng.normal(size=(signals, 1)),
        ramp=0.1 * rng.normal(size=(signals, 1)),
        prior=covariance(2 * signals, 0.8),
        drift=covariance(signals, 0.15),
        wander=covariance(signals, 0.2),
        swing=covariance(signals, 0.4),
        rate=rng.uniform(0.5, 3.0, signals),
        noise=rng.uniform(0.05, 0.2, signals),
        relaxation=4.0,
        gate=gate,
        corrections={},
    )


def scattered(
    model: JointModel,
    *,
    patients: int = 12,
    readings: int = 25,
    seed: int = 1,
    censored: float = 0.0,
    ties: bool = True,
) -> Series:
    """Readings that follow no model at all, wild ones among them; with `ties` several at one time, and in pairs."""
    rng = np.random.default_rng(seed)
    count = patients * readings
    time = rng.uniform(0, 10, count)
    return series(
        patient=rng.integers(0, patients, count),
        time=np.round(time, 1) if ties else time,
        signal=rng.integers(0, model.signals, count),
        value=rng.normal(0, 1.5, count),
        censored=rng.random(count) < censored,
        covariates=np.stack([np.ones(patients), rng.normal(size=patients)], axis=1),
        signals=model.signals,
        starts=(rng.integers(0, patients, 5), rng.uniform(0, 10, 5), np.zeros(5, dtype=np.int64)),
        kinds=1,
    )


def lived(model: JointModel, *, patients: int, visits: int, seed: int = 2, apart: float = 0.5) -> Series:
    """Patients who follow the model, no starts: every signal read at each of `visits`, about `apart` years between."""
    rng = np.random.default_rng(seed)
    k = model.signals
    covariates = np.stack([np.ones(patients), rng.normal(size=patients)], axis=1)
    pair = rng.multivariate_normal(np.zeros(2 * k), model.prior, patients)
    level, slope = pair[:, :k], pair[:, k:]
    swing = rng.multivariate_normal(np.zeros(k), model.swing_covariance, patients)
    steps = 20  # Euler steps between two visits: their error is far below the noise
    gaps = rng.uniform(0.5, 1.5, (patients, visits)) * apart / steps
    rows = []
    time = np.zeros(patients)
    for visit in range(visits):
        for _ in range(steps if visit else 0):
            gap = gaps[:, visit, None]
            time = time + gap[:, 0]
            level = level + slope * gap + np.sqrt(gap) * rng.multivariate_normal(np.zeros(k), model.wander, patients)
            pushed = rng.multivariate_normal(np.zeros(k), 2 * model.drift / model.relaxation, patients)
            slope = slope * (1 - gap / model.relaxation) + np.sqrt(gap) * pushed
            swing = swing * (1 - gap * model.rate) + np.sqrt(gap) * rng.multivariate_normal(
                np.zeros(k), model.swing, patients
            )
        mean = covariates @ model.intercept.T + time[:, None] * (covariates @ model.trend.T)
        value = mean + level + swing + rng.normal(size=(patients, k)) * np.sqrt(model.noise)
        rows.append(
            (np.repeat(np.arange(patients), k), np.repeat(time, k), np.tile(np.arange(k), patients), value.ravel())
        )
    patient, when, signal, value = (np.concatenate(column) for column in zip(*rows, strict=True))
    return series(patient=patient, time=when, signal=signal, value=value, covariates=covariates, signals=k, kinds=1)
