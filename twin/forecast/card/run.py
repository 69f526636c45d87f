"""What a run of fitting and validating hands to its card."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.forecast.card.held import AS_IT_IS, Held
from twin.forecast.evaluate.rows import Array, Ids, Outcomes, Predictions
from twin.forecast.gate import read

UNTOLD: Mapping[str, Any] = {}
"""No criteria: the model serves nobody, as a research model should."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """What is predicted, in words, and the concepts by which a record tells that it happened; death by its own mark."""

    label: str
    concepts: tuple[str, ...] = ()
    is_death: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return it as it stands on the card."""
        return {"label": self.label, "concepts": list(self.concepts), "is_death": self.is_death}


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """What only people can say of a model; in plain words.

    Args:
        slot: the one question it answers, such as "liver.death": of one slot, one model is active at a time. Without
            one it is the endpoint's label.
        organ: the organ under which it is shown; empty where it belongs to none.
        validation: how the predictions were made that the card judges, such as "5-fold by patient".
        serves: the population as coded criteria (`twin.forecast.gate`); without them the model serves nobody.
        calendar: first and last day of the data, None where times are relative to the patient.
        declared: answers to TRIPOD+AI items that no run can know, by item ("18a": who paid).

    Raises:
        BadCriteria: `serves` can't be read.
    """

    title: str
    kind: str
    endpoint: Endpoint
    competing: Endpoint | None
    intended_use: str
    source: str
    setting: str
    method: str
    validation: str
    limits: tuple[str, ...]
    slot: str = ""
    organ: str = ""
    serves: Mapping[str, Any] = field(default_factory=lambda: UNTOLD)
    calendar: tuple[date, date] | None = None
    declared: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.serves:
            read(self.serves)


@dataclass(frozen=True, kw_only=True, slots=True)
class InputColumn:
    """One input as the model saw it at each moment: values (M,), NaN where missing, on the scale `held` of `unit`.

    One row a moment, however many horizons are predicted at it: a row repeated counts as a patient more, and drift
    would hold chance for too small.
    """

    key: str
    unit: str
    values: Array
    held: Held = AS_IT_IS


@dataclass(frozen=True, kw_only=True, slots=True)
class People:
    """Who the patients are: (P,) patients, "female", "male" or "unknown", and the age in years at time zero."""

    patient: Ids
    sex: NDArray[np.str_]
    age: Array


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Predictions on patients the model had not seen, what became of them, who they are, and what went in.

    Args:
        by_landmark: whether each landmark is judged by itself (fixed landmarks) or all together (every visit is one).
        inputs: each of a length of its own, one row a moment at which something is predicted.
    """

    predictions: Predictions
    outcomes: Outcomes
    people: People
    inputs: tuple[InputColumn, ...]
    by_landmark: bool
    made_on: date
    software: str
