"""Do signals foretell better together than alone, and better still by a site's own fit? Readings of two cohorts.

    python bench/bench_together.py

`../shared/data/cohorts` has the readings; each is foretold from all before it. By signal: how many readings that had an
earlier one, and how many of them lie in the 80 % interval; mean CRPS (working scale) of the house dynamics alone, and
how much less it is (percent, with 95 % interval) together, and by `twin cohort dynamics` on the other four fifths of
the patients. Once foretold before the visit, and once with the other signals of the same visit read already.
"""

import csv
import tempfile
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from zlib import crc32

import numpy as np
from scipy.stats import norm

from twin.cohort import moving
from twin.cohort import spec as specs
from twin.forecast.dynamics import GroupState, Observation, at_time, observation, reading, update
from twin.forecast.group import Group, alone, group_of
from twin.forecast.kernels import SEEN
from twin.forecast.motion import adopt, motion
from twin.forecast.result import State
from twin.record.signal import signal

DATA = Path(__file__).parents[2] / "shared" / "data" / "cohorts"
SPECS = Path(__file__).parents[1] / "docs" / "cohorts"
Read = tuple[datetime, str, float]
START = datetime(2000, 1, 1, tzinfo=UTC)
FOLDS = 5
COHORTS = {
    "framingham": {"sysbp": ("sbp", "mm[Hg]"), "diabp": ("dbp", "mm[Hg]"), "bmi": ("bmi", "kg/m2")},
    "pbcseq": {
        "bili": ("bilirubin_total", "mg/dL"), "albumin": ("albumin", "g/dL"), "protime": ("prothrombin_time", "s"),
        "ast": ("ast", "U/L"), "alk_phos": ("alp", "U/L"), "platelet": ("platelets", "10*9/L"),
    },
}  # fmt: skip
# the specification's logarithm of bilirubin has no unit; the value itself has
INSTEAD = {"pbcseq": ("log_bili = { scale =", 'bili = { scale = "log", signal = "bilirubin_total", unit = "mg/dL" } #')}


def main() -> None:
    print("cohort     signal            when          n   in 80 %: alone together fitted  CRPS   less together  fitted")
    for cohort, columns in COHORTS.items():
        people = _people(cohort, columns)
        scored = {name: _every(cohort, people, columns, name) for name in ("alone", "together", "fitted")}
        for key, when in scored["alone"]:
            one, *others = (scored[name][key, when] for name in scored)
            usual, inside = one[:, 0].mean(), "  ".join(f"{each[:, 1].mean():.2f}" for each in (one, *others))
            less = (100 * (one[:, 0] - each[:, 0]) / usual for each in others)
            told = "   ".join(f"{each.mean():+5.1f} (+-{1.96 * each.std() / np.sqrt(len(each)):.1f})" for each in less)
            print(f"{cohort:10} {key:17} {when}  {len(one):6}   {inside}   {usual:.4f}   {told}")


def _every(
    cohort: str, people: dict[str, list[Read]], columns: dict[str, tuple[str, str]], how: str
) -> dict[tuple[str, str], np.ndarray]:
    """CRPS and whether it lay in the 80 % interval (N, 2), by signal and when it was foretold; always in one order."""
    found = defaultdict(list)
    for fold in range(FOLDS):
        left_out = [who for who in people if crc32(who.encode()) % FOLDS == fold]
        if how == "fitted":
            _adopt_fit(cohort, [who for who in people if who not in left_out])
        for key, _ in columns.values():
            group = alone(motion(key)) if how == "alone" else group_of(key)
            for when in ("before visit", "during visit"):
                found[key, when].append(
                    _foretold([people[who] for who in left_out], key, group, when == "during visit")
                )
    adopt(None)
    return {place: np.concatenate(each) for place, each in found.items()}


def _adopt_fit(cohort: str, others: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spec = (SPECS / f"{cohort}.toml").read_text()
        (Path(folder) / "spec.toml").write_text(spec.replace(*INSTEAD.get(cohort, ("", ""))))
        chosen = np.array(others, dtype=object)
        fitted = moving.fit(specs.read(Path(folder) / "spec.toml"), DATA / cohort, chosen, date(2026, 11, 23))
        moving.save(fitted, Path(folder) / "dynamics.toml")
        adopt(Path(folder) / "dynamics.toml")


def _people(cohort: str, columns: dict[str, tuple[str, str]]) -> dict[str, list[Read]]:
    """The readings of each patient, canonical, in order of time."""
    found = defaultdict(list)
    with (DATA / cohort / "visits.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            for column, (key, unit) in columns.items():
                if row[column]:
                    linear = signal(key).conversions[unit]
                    at = START + timedelta(days=365.25 * float(row["time"]))
                    found[row["patient_id"]].append((at, key, float(row[column]) * linear.factor + linear.offset))
    return {who: sorted(each) for who, each in found.items()}


def _foretold(people: list[list[Read]], key: str, group: Group, is_during: bool) -> np.ndarray:
    """CRPS and whether it lay in the 80 % interval, of each reading of `key` that had an earlier one (N, 2)."""
    rows, place = [], group.keys.index(key)
    for readings in people:
        state: GroupState | None = None
        for at, visit in groupby(readings, lambda each: each[0]):
            known, waiting = state, None
            for _, of, value in visit:
                if of not in group.keys:
                    continue
                here = group.keys.index(of)
                seen = observation(group.motions[here], at, value)
                assert seen is not None
                state, _ = update(group, state, reading(seen, here))
                if of == key:
                    waiting = seen
                else:
                    known = (update(group, known, reading(seen, here))[0]) if is_during else known
            if waiting is not None and known is not None and known.tally[place, SEEN] > 0:
                rows.append(_scored(at_time(group, known, at).of(place), waiting))
    return np.array(rows)


def _scored(before: State, seen: Observation) -> tuple[float, bool]:
    sd = np.sqrt(before.level_var + seen.noise)
    z = (seen.value - before.level) / sd
    return sd * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi)), abs(z) <= 1.2815515655446004


if __name__ == "__main__":
    main()
