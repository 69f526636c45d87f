"""Are these risks better than those, of the same people?"""

import numpy as np

from twin.forecast.evaluate.accuracy import brier
from twin.forecast.evaluate.cells import cells
from twin.forecast.evaluate.figure import Figure, figure
from twin.forecast.evaluate.measures import REPEATS, drawn_patients, numbered
from twin.forecast.evaluate.rows import NotJudgeable, Outcomes, Predictions


def brier_change(
    before: Predictions, after: Predictions, outcomes: Outcomes, *, repeats: int = REPEATS, seed: int = 0
) -> Figure:
    """Return by how much the Brier score changed, the mean over horizons: below 0 the later risks are better.

    Both are judged in the same samples of patients, so that the interval is that of the difference.

    Raises:
        NotJudgeable: the rows are not the same, or no horizon has five cases and five controls.
    """
    if not (np.array_equal(before.patient, after.patient) and np.array_equal(before.horizon, after.horizon)):
        raise NotJudgeable("the two sets of risks are not of the same rows")
    found = (cells(each, outcomes, by_landmark=False) for each in (before, after))
    pairs = [(old, new) for old, new in zip(*found, strict=True) if new.is_usable]
    if not pairs:
        raise NotJudgeable("nowhere are there five patients with the event and five without")
    people, places = numbered([new for _, new in pairs])
    times = drawn_patients(people, repeats, seed)
    changes = [
        brier(new, times[:, place] * new.weight, times[:, place].sum(axis=1))
        - brier(old, times[:, place] * old.weight, times[:, place].sum(axis=1))
        for (old, new), place in zip(pairs, places, strict=True)
    ]
    return figure(np.mean(changes, axis=0))
