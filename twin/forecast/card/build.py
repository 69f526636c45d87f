"""The card of a model, from the run that made it: a dict that JSON can hold."""

from dataclasses import asdict
from typing import Any

import numpy as np

from twin.forecast.card.figures import cell_figures, named_figures
from twin.forecast.card.reference import reference
from twin.forecast.card.run import Described, InputColumn, Run
from twin.forecast.card.tripod import checklist
from twin.forecast.evaluate.measures import REPEATS, Evaluation, evaluate
from twin.forecast.evaluate.rows import Array, NotJudgeable
from twin.forecast.evaluate.share import FEW

Json = dict[str, Any]  # values of every JSON type

CARD_VERSION = 1
AGE_BANDS = ((0, 50), (50, 65), (65, 80), (80, 130))  # years at the prediction: 65 and 80 as guidelines part the old
SEXES = ("female", "male", "unknown")
_QUARTILES = (0.25, 0.5, 0.75)


def build(described: Described, run: Run, *, repeats: int = REPEATS, seed: int = 0) -> Json:
    """Return the card of a run.

    Raises:
        NotJudgeable: the predictions are too few to say anything of the model; such a model gets no card.
    """
    card: Json = {
        "card_version": CARD_VERSION,
        "title": described.title,
        "kind": described.kind,
        "slot": described.slot or described.endpoint.label,
        "organ": described.organ,
        "made_on": run.made_on.isoformat(),
        "software": run.software,
        "intended_use": described.intended_use,
        "endpoint": described.endpoint.as_dict(),
        "competing": described.competing.as_dict() if described.competing is not None else None,
        "serves": dict(described.serves),
        "method": described.method,
        "data": _data(described, run),
        "population": _population(run),
        "inputs": [_input(column) for column in run.inputs],
        "risks": [
            {"horizon": float(horizon), **reference(run.predictions.risk[run.predictions.horizon == horizon])}
            for horizon in np.unique(run.predictions.horizon)
        ],
        "validation": _validation(described, run, repeats, seed),
        "subgroups": _subgroups(run, repeats, seed),
        "limits": list(described.limits),
    }
    return card | {"tripod": checklist(card, described.declared)}


def _input(column: InputColumn) -> Json:
    spread = reference(column.values, column.held)
    return {"key": column.key, "unit": column.unit, "held": column.held.as_json(), **spread}


def _data(described: Described, run: Run) -> Json:
    times = run.predictions.landmark
    return {
        "source": described.source,
        "setting": described.setting,
        "first_day": described.calendar[0].isoformat() if described.calendar else None,
        "last_day": described.calendar[1].isoformat() if described.calendar else None,
        "landmarks": [float(times.min()), float(times.max())],
        "horizons": np.unique(run.predictions.horizon).tolist(),
        "predictions": len(run.predictions),
    }


def _population(run: Run) -> Json:
    judged = np.unique(run.predictions.patient)
    time, status = run.outcomes.of(judged)
    first = np.full(len(judged), np.inf)
    np.minimum.at(first, np.searchsorted(judged, run.predictions.patient), run.predictions.landmark)
    sex, age = _who(run, judged)
    return {
        "patients": len(judged),
        "events": int((status == 1).sum()),
        "competing_events": int((status == 2).sum()),
        "censored": int((status == 0).sum()),
        "follow_up_years": _quartiles(time - first),
        "age": _quartiles(age + first),
        "sex": {name: int((sex == name).sum()) for name in SEXES},
    }


def _validation(described: Described, run: Run, repeats: int, seed: int) -> Json:
    judged = evaluate(run.predictions, run.outcomes, by_landmark=run.by_landmark, repeats=repeats, seed=seed)
    pooled = (
        evaluate(run.predictions, run.outcomes, by_landmark=False, repeats=repeats, seed=seed)
        if run.by_landmark
        else judged
    )
    return {
        "how": described.validation,
        "intervals": f"95 %, percentiles of {repeats} bootstrap samples of patients; Wilson's for a group of the "
        f"calibration plot with fewer than {FEW} patients with or without the event",
        "mean": named_figures(judged.mean),
        "cells": [cell_figures(cell) for cell in judged.cells],
        "too_few": [asdict(cell) for cell in judged.too_few],
        "by_horizon": [cell_figures(cell) for cell in pooled.cells],
    }


def _subgroups(run: Run, repeats: int, seed: int) -> list[Json]:
    sex, age = _who(run, run.predictions.patient)
    age_then = age + run.predictions.landmark
    masks = {f"sex: {name}": sex == name for name in SEXES}
    masks |= {_band(low, high): (age_then >= low) & (age_then < high) for low, high in AGE_BANDS}
    if not np.isfinite(age).all():
        masks["age: unknown"] = ~np.isfinite(age_then)
    found = []
    for name, mask in masks.items():
        if not mask.any():
            continue
        group: Json = {"group": name, "patients": len(np.unique(run.predictions.patient[mask]))}
        try:
            rows = run.predictions.take(mask)
            judged = evaluate(rows, run.outcomes, by_landmark=run.by_landmark, repeats=repeats, seed=seed)
        except NotJudgeable as error:
            found.append(group | {"not_judged": str(error)})
        else:
            found.append(group | {"events": _events(judged), "mean": named_figures(judged.mean)})
    return found


def _band(low: int, high: int) -> str:
    if low == 0:
        return f"age: under {high}"
    return f"age: {low} or over" if (low, high) == AGE_BANDS[-1] else f"age: {low} to {high - 1}"


def _events(judged: Evaluation) -> int:
    """The most patients with the event in one cell: a patient counts again at every landmark and horizon."""
    return max(cell.patients_with_event for cell in judged.cells)


def _who(run: Run, patients: np.ndarray) -> tuple[np.ndarray, Array]:
    """(sex (N,), age at time zero (N,)) of these patients; unknown and NaN for those of whom nothing is told."""
    order = np.argsort(run.people.patient, kind="stable")
    place = np.minimum(np.searchsorted(run.people.patient, patients, sorter=order), max(len(order) - 1, 0))
    if not len(order):
        return np.full(len(patients), "unknown"), np.full(len(patients), np.nan)
    found = order[place]
    is_there = run.people.patient[found] == patients
    sex = np.where(is_there & np.isin(run.people.sex[found], SEXES), run.people.sex[found], "unknown")
    return sex, np.where(is_there, run.people.age[found], np.nan)


def _quartiles(values: Array) -> Json | None:
    known = values[np.isfinite(values)]
    if not known.size:
        return None
    low, middle, high = (float(value) for value in np.quantile(known, _QUARTILES))
    return {"median": middle, "q25": low, "q75": high, "min": float(known.min()), "max": float(known.max())}
