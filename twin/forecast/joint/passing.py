"""Will a level pass a line, by when, and how sure is that?"""

from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from twin.forecast.joint.filter import Asked
from twin.forecast.joint.model import JointModel
from twin.forecast.joint.predict import corrected
from twin.record.fact import Absent

Array = NDArray[np.float64]


def beyond(model: JointModel, asked: Asked, signal: int, line: float, years: Array, *, above: bool) -> Array:
    """Return P(the true level is past `line` AT `years` (M,) after each state): (M,), in closed form.

    Args:
        line: working scale. above: is the far side above the line.
    """
    made = corrected(model, asked, signal, years)
    z = (made.mean - line) / np.sqrt(made.level_variance)
    return np.asarray(ndtr(z if above else -z))


def passed(levels: Array, lines: Array, *, above: bool) -> Array:
    """Return P(past the line at some time UP TO each moment): (T,), from futures (paths, T) of a signal or a score.

    Between two moments a path may cross and come back unseen: months apart that is a small loss, and always a loss.

    Args:
        lines: (T,) the line at each moment, or one number for all.
    """
    far = levels > lines if above else levels < lines
    return np.asarray(np.maximum.accumulate(far, axis=1).mean(axis=0))


def reaches(probability: Array, years: Array, share: float) -> float | Absent:
    """Return the years until `probability` (T,) first reaches `share`, interpolated; `Absent` where it doesn't."""
    late = np.flatnonzero(probability >= share)
    if not len(late):
        return Absent(reason="beyond_horizon", detail=f"{share:.0%} is not reached in {years[-1]:g} years")
    place = int(late[0])
    if place == 0:
        return float(years[0])
    low, high = probability[place - 1], probability[place]
    return float(years[place - 1] + (share - low) / (high - low) * (years[place] - years[place - 1]))


def sampling_error(share: float, paths: int) -> float:
    """Return the standard error of a probability that was counted over `paths` futures."""
    return sqrt(share * (1.0 - share) / paths)
