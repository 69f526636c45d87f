"""What do the models in use say of one patient: through the gate, through the recalibration, active and shadow apart?

How a kind of model predicts from a timeline is handed in, by kind; everything between that and what is shown is here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from twin.forecast.calibrate import apply_to_curves
from twin.forecast.evaluate.rows import Array
from twin.forecast.gate import serving
from twin.forecast.model_file import ModelFile
from twin.models.shelf import InUse
from twin.record.fact import Absent
from twin.record.timeline import Timeline
from twin.store.predictions import Said


@dataclass(frozen=True, kw_only=True, slots=True)
class Raw:
    """What a model says before recalibration, all (H,): risks at rising horizons in years, and an interval, or none.

    `inputs`: what it rests on, by the card's input keys; None where it was missing.
    """

    horizons: Array
    risk: Array
    low: Array | None
    high: Array | None
    inputs: Mapping[str, float | None]
    drivers: tuple["Driver", ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Driver:
    """What moves this risk most: a signal, concept or baseline value, and how much it adds to the log hazard."""

    key: str
    pull: float


Predict = Callable[[ModelFile, Timeline, datetime], Raw | Absent]
"""(model, what is known, the moment) to risks, using nothing after the moment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """What one model says of one patient, recalibrated; or why it says nothing."""

    model: InUse
    at: datetime
    said: Raw | Absent


def serve(
    models: Sequence[InUse], predict: Mapping[str, Predict], timeline: Timeline, at: datetime
) -> tuple[Served, ...]:
    """Return what each model says of this patient at `at`, in the order of `models`."""
    return tuple(Served(model=each, at=at, said=_said(each, predict, timeline, at)) for each in models)


def shown(served: Sequence[Served]) -> tuple[Served, ...]:
    """Return what people may see: a shadow's numbers are not among it."""
    return tuple(each for each in served if not each.model.is_shadow)


def as_shown(served: Served) -> dict[str, Any]:
    """Return one answer as a twin's body holds it: the risks with their interval and version, or the reason."""
    said, card = served.said, served.model.file.card
    shown: dict[str, Any] = {
        "title": str(card["title"]),
        "endpoint": str(card["endpoint"]["label"]),
        "version": served.model.registered.version,
        "absent": None,
        "detail": "",
        "horizons": [],
        "drivers": [],
    }
    if isinstance(said, Absent):
        return shown | {"absent": said.reason, "detail": said.detail}
    ends = (None, None) if said.low is None or said.high is None else (said.low, said.high)
    low, high = (None if end is None else [round(float(each), 6) for each in end] for end in ends)
    return shown | {
        "horizons": [
            {
                "years": float(years),
                "risk": round(float(said.risk[place]), 6),
                "low": None if low is None else low[place],
                "high": None if high is None else high[place],
            }
            for place, years in enumerate(said.horizons)
        ],
        "drivers": [{"key": each.key, "raises": each.pull > 0} for each in said.drivers],
    }


def to_keep(served: Sequence[Served], patient_id: str) -> list[Said]:
    """Return the rows by which these models are judged later, shadows included."""
    return [
        Said(
            patient_id=patient_id,
            organ=each.model.registered.organ,
            model_id=each.model.registered.id,
            landmark=each.at,
            horizon=float(horizon),
            risk=float(each.said.risk[place]),
            low=None if each.said.low is None else float(each.said.low[place]),
            high=None if each.said.high is None else float(each.said.high[place]),
            inputs=each.said.inputs,
            is_shadow=each.model.is_shadow,
        )
        for each in served
        if isinstance(each.said, Raw)
        for place, horizon in enumerate(each.said.horizons)
    ]


def _said(model: InUse, predict: Mapping[str, Predict], timeline: Timeline, at: datetime) -> Raw | Absent:
    refused = serving(model.file.card, timeline, at)
    if refused is not None:
        return refused
    if model.file.kind not in predict:
        return Absent(reason="unknown_kind_of_model", detail=model.file.kind)
    raw = predict[model.file.kind](model.file, timeline, at)
    if isinstance(raw, Absent):
        return raw

    def recalibrated(risk: Array) -> Array:
        return np.asarray(apply_to_curves(model.lines, risk[None], raw.horizons)[0])

    return Raw(
        horizons=raw.horizons,
        risk=recalibrated(raw.risk),
        low=None if raw.low is None else recalibrated(raw.low),
        high=None if raw.high is None else recalibrated(raw.high),
        inputs=raw.inputs,
        drivers=raw.drivers,
    )
