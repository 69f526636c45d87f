"""How the signals of a cohort move: the numbers of the pages' own model by maximum likelihood, as a file for a site.

What a page follows signals by are house values; a site with a record of its own can do better. The file names the
signals that were fitted (how fast they drift and wander, what a reading scatters by) and how they move together.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from itertools import combinations
from math import expm1, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.cohort.course import followed, middles, readings
from twin.cohort.errors import CannotPredict, TooFewReadings
from twin.cohort.spec import Biomarker, Spec
from twin.cohort.tables import read
from twin.forecast.joint.fit import fit as fit_course
from twin.forecast.joint.model import JointModel
from twin.forecast.motion import Motion, motions
from twin.record.signal import signal

Array = NDArray[np.float64]
Tell = Callable[[str], None]
_DIGITS = 4
_WORTH_A_LINK = 0.05  # a weaker correlation is left out
_ROOM = 0.02  # the least eigenvalue of a correlation that is written: rounding to three digits does not reach zero


@dataclass(frozen=True, kw_only=True, slots=True)
class Moving:
    """What a fit found: TOML for `TWIN_DYNAMICS`, its version, the signals in it, and why others are not."""

    text: str
    version: str
    signals: tuple[str, ...]
    left_out: dict[str, str]
    patients: int
    readings: int


def fit(spec: Spec, data: Path, ids: NDArray[np.object_] | None, made_on: date, tell: Tell = lambda _: None) -> Moving:
    """Fit how the biomarkers of a cohort move that are signals of ours, in the form of the pages' model.

    Raises:
        TooFewReadings: there is nothing to fit. BadCohort, BadSpec: as `tables.read`.
    """
    cohort = read(data, spec, ids)
    chosen, left_out = _chosen(spec, followed(cohort, spec))
    if not chosen:
        why = "; ".join(f"{column}: {reason}" for column, reason in left_out.items())
        raise TooFewReadings(f"no biomarker is a signal with a unit and enough readings ({why})")
    keys, moves = [each.column for each in chosen], [motions()[each.signal or ""] for each in chosen]
    tell(f"how {len(keys)} signals move")
    series = readings(cohort, spec, middles(cohort, spec), keys)
    scales = [each.scale for each in chosen]
    found = fit_course(series, keys, scales, since=spec.course_since, fade=moves[0].relaxation)
    sizes = [_size(each, moved) for each, moved in zip(chosen, moves, strict=True)]
    rows = [_signal_row(moved, found, at, size) for at, (moved, size) in enumerate(zip(moves, sizes, strict=True))]
    links = _link_rows([moved.key for moved in moves], found)
    body = "\n".join(["together = [", *links, "]", "", "[signals]", *rows, ""])
    version = f"site-{sha256(body.encode()).hexdigest()[:8]}"
    source = " ".join(spec.card.source.split())
    head = (
        f"# How signals move, by maximum likelihood on {made_on.isoformat()}: {len(cohort.ids)} patients, "
        f"{len(series.time)} readings, {source}.\n"
        "# For TWIN_DYNAMICS. Working scales as in twin/forecast/data/dynamics.toml; the rest stays as there.\n"
    )
    return Moving(
        text=f'{head}version = "{version}"\n{body}',
        version=version,
        signals=tuple(moved.key for moved in moves),
        left_out=left_out,
        patients=len(cohort.ids),
        readings=len(series.time),
    )


def save(found: Moving, path: Path) -> None:
    """Write the file.

    Raises:
        CannotPredict: it can't be written.
    """
    try:
        path.write_text(found.text, encoding="utf-8")
    except OSError as error:
        raise CannotPredict(f"{path.name}: {error.strerror}") from error


def _chosen(spec: Spec, columns: tuple[str, ...]) -> tuple[list[Biomarker], dict[str, str]]:
    """The biomarkers that can be fitted, one a signal, and why the others can't."""
    chosen: dict[str, Biomarker] = {}
    left_out = {}
    for each in spec.biomarkers:
        if each.column not in columns:
            left_out[each.column] = "too few readings that differ"
        elif each.signal is None or each.signal not in motions():
            left_out[each.column] = "no signal that is followed"
        elif each.unit is None and each.scale.kind != motions()[each.signal].scale:
            left_out[each.column] = "no unit, and another scale than the signal's"
        elif each.scale.kind == "logit":
            left_out[each.column] = "on a scale between bounds"
        elif each.signal in chosen:
            left_out[each.column] = f"{each.signal} is there already"
        else:
            chosen[each.signal] = each
    return list(chosen.values()), left_out


def _size(biomarker: Biomarker, moved: Motion) -> float:
    """How large one unit of the biomarker's working scale is on the signal's, at its typical value."""
    measured = signal(moved.key)
    factor = measured.conversions[biomarker.unit or measured.unit].factor  # a site's own record is canonical
    match biomarker.scale.kind, moved.scale:
        case "log", "linear":
            return moved.typical
        case "linear", "log":
            return factor / moved.typical
        case "linear", "linear":
            return factor
        case _:
            return 1.0


def _signal_row(moved: Motion, found: JointModel, at: int, size: float) -> str:
    variances = (found.drift[at, at], found.wander[at, at], found.noise[at])
    slope, wander, noise = (size * sqrt(float(each)) for each in variances)
    share = sqrt(expm1(noise * noise)) if moved.scale == "log" else noise / moved.typical
    numbers = {"slope_sd": slope, "wander": wander, "noise_cv": 100 * share}
    told = ", ".join(f"{name} = {max(value, 10.0**-_DIGITS):.{_DIGITS}g}" for name, value in numbers.items())
    return f"{moved.key} = {{ {told} }}"


def _link_rows(keys: list[str], found: JointModel) -> list[str]:
    """Every pair that is worth a link; drift and wander share one correlation, as in `together.csv`."""
    count = len(keys)
    within = (found.drift.trace() / 3, found.wander.trace())  # what each adds to the variance of a level in a year
    changes = np.average([_correlation(found.drift), _correlation(found.wander)], axis=0, weights=within)
    levels, changes = (_possible(each) for each in (_correlation(found.prior[:count, :count]), changes))
    return [
        f'  {{ first = "{keys[i]}", second = "{keys[j]}", level = {levels[i, j]:.3f}, change = {changes[i, j]:.3f} }},'
        for i, j in combinations(range(count), 2)
        if levels[i, j] or changes[i, j]
    ]


def _possible(correlation: Array) -> Array:
    """Without what is too weak for a link; drawn towards none until it is a correlation again with room to spare."""
    kept = np.where(np.abs(correlation) < _WORTH_A_LINK, 0.0, correlation)
    while np.linalg.eigvalsh(kept)[0] < _ROOM:
        kept = 0.98 * kept + 0.02 * np.eye(len(kept))
    return np.asarray(kept.round(3))


def _correlation(covariance: Array) -> Array:
    sizes = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(sizes, sizes))
