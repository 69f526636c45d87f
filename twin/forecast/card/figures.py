"""Figures of an evaluation as a card holds them: plain JSON, None where the data give none."""

from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite
from typing import Any

from twin.forecast.evaluate.figure import Figure
from twin.forecast.evaluate.measures import MEASURES, CellMeasures

Json = dict[str, Any]  # values of every JSON type


def cell_figures(cell: CellMeasures) -> Json:
    """Return one landmark and horizon as it stands on a card."""
    return {
        "landmark": cell.landmark,
        "horizon": cell.horizon,
        "count": cell.count,
        "cases": cell.cases,
        "patients_with_event": cell.patients_with_event,
        "expected": cell.expected,
        "rate": figure_json(cell.rate),
        "figures": named_figures(cell.figures),
        "points": [
            {"count": point.count, "expected": point.expected, "observed": figure_json(point.observed)}
            for point in cell.points
        ],
        "benefit": [
            {"threshold": one.threshold, "model": figure_json(one.model), "everybody": figure_json(one.everybody)}
            for one in cell.benefit
        ],
    }


def named_figures(figures: Mapping[str, Figure]) -> Json:
    """Return figures by the name of their measure."""
    return {name: figure_json(figures[name]) for name in MEASURES}


def figure_json(figure: Figure) -> Json:
    """Return a figure for JSON, which has no NaN: None where the data give none."""
    return {name: value if isfinite(value) else None for name, value in asdict(figure).items()}
