"""A site's own dynamics: fitted to drawn patients, written, taken up by a process, and what can't be is refused."""

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.unit.forecast.timelines import FALLING_PLATELETS, NOW, table, timeline
from twin.cli import app
from twin.cohort import moving
from twin.cohort.errors import TooFewReadings
from twin.cohort.spec import of
from twin.errors import ConfigurationError
from twin.forecast.group import group_of, joined
from twin.forecast.motion import Together, adopt, dynamics_version, motion
from twin.forecast.plain import together as moved
from twin.snapshot import build, to_json

HOUSE = dynamics_version()
WRITTEN = {
    "key": "site",
    "title": "A site's own record",
    "endpoint": {"name": "death", "death": True, "horizons": [1]},
    "landmarks": {"times": [1]},
    "biomarkers": {
        "alt": {"scale": "log", "signal": "alt", "unit": "U/L"},
        "plt": {"scale": "log", "signal": "platelets"},
        "sodium_again": {"scale": "log", "signal": "sodium"},
        "mood": {"scale": "linear"},
    },
    "card": {"source": "Drawn patients"},
}
FASTER = {"alt": (0.12, 0.20), "platelets": (0.06, 0.10)}
DAY = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def house() -> Iterator[None]:
    yield
    adopt(None)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """250 patients of 12 visits whose ALT and platelets move faster than the house believes, and against each other."""
    folder, rng = tmp_path_factory.mktemp("site"), np.random.default_rng(8)
    alt, platelets = (motion(key) for key in FASTER)
    slopes, wanders = np.array(list(FASTER.values())).T
    against = np.array([[1.0, -0.6], [-0.6, 1.0]])
    drift, wander = against * np.outer(slopes, slopes), against * np.outer(wanders, wanders)
    noises = np.array([alt.noise(22.0), platelets.noise(220.0)])
    (folder / "patients.csv").write_text("\n".join(["patient_id", *(f"p{number}" for number in range(250)), ""]))
    with (folder / "visits.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["patient_id", "time", "alt", "plt", "sodium_again", "mood"])
        for number in range(250):
            state = np.concatenate((rng.normal([3.1, 5.4], 0.3), rng.multivariate_normal(np.zeros(2), drift)))
            time = 0.0
            for _ in range(12):
                gap = float(rng.uniform(0.2, 1.0))
                matrix, added = moved(gap, drift, wander, alt.relaxation)
                state, time = matrix @ state + rng.multivariate_normal(np.zeros(4), added), time + gap
                values = np.exp(state[:2] + rng.normal(0, np.sqrt(noises)))
                rows.writerow([f"p{number}", round(time, 3), *values.round(3).tolist(), "", rng.integers(1, 10)])
    (folder / "events.csv").write_text("patient_id,time,event\n")
    return folder


@pytest.fixture(scope="module")
def fitted(data: Path) -> moving.Moving:
    return moving.fit(of(WRITTEN), data, None, DAY)


def test_fit_finds_how_signals_move_and_says_what_it_left_out(fitted: moving.Moving, tmp_path: Path) -> None:
    assert (fitted.signals, fitted.patients, fitted.readings) == (("alt", "platelets"), 250, 6000)
    assert fitted.left_out == {
        "sodium_again": "too few readings that differ", "mood": "no signal that is followed"
    }  # fmt: skip
    moving.save(fitted, tmp_path / "site.toml")
    adopt(tmp_path / "site.toml")
    assert dynamics_version() == f"{HOUSE}+{fitted.version}"
    for key, (slope, wander) in FASTER.items():
        assert motion(key).slope_sd == pytest.approx(slope, rel=0.4)
        assert motion(key).wander == pytest.approx(wander, rel=0.2)
    group = group_of("alt")
    assert group.keys == ("alt", "platelets")
    assert group.wander[0, 1] / np.sqrt(group.wander[0, 0] * group.wander[1, 1]) == pytest.approx(-0.6, abs=0.12)
    assert group_of("ast").keys == ("ast", "ggt", "alp")  # the house links what the site did not fit


def test_snapshot_says_which_dynamics_made_it_and_moves_with_them(fitted: moving.Moving, tmp_path: Path) -> None:
    known = timeline(table(FALLING_PLATELETS))
    before = build(known, now=NOW)
    moving.save(fitted, tmp_path / "site.toml")
    adopt(tmp_path / "site.toml")
    after = build(known, now=NOW)
    assert after.versions["dynamics"] == f"{before.versions['dynamics']}+{fitted.version}"
    shown = [to_json(one)["organs"][0]["signals"] for one in (before, after)]
    ends = [next(each for each in signals if each["key"] == "alt")["forecast"][-1] for signals in shown]
    assert ends[1]["q90"] / ends[1]["q10"] > 1.2 * ends[0]["q90"] / ends[0]["q10"]
    adopt(None)
    assert to_json(build(known, now=NOW)) == to_json(before)


def test_fit_is_the_same_whenever_it_is_made(data: Path, fitted: moving.Moving) -> None:
    again = moving.fit(of(WRITTEN), data, None, date(2027, 1, 1))
    assert again.version == fitted.version
    assert again.text.splitlines()[1:] == fitted.text.splitlines()[1:]


def test_specification_without_a_signal_is_refused(data: Path) -> None:
    with pytest.raises(TooFewReadings, match="no biomarker"):
        moving.fit(of(WRITTEN | {"biomarkers": {"mood": {"scale": "linear"}}}), data, None, DAY)


GOOD = """version = "site-1"
together = [{ first = "alt", second = "ast", level = 0.5, change = 0.4 }]
[signals]
alt = { slope_sd = 0.1, wander = 0.1, noise_cv = 9 }
ast = { slope_sd = 0.1, wander = 0.1, noise_cv = 9 }
"""


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('version = "site-1"', 'version = " "', "no version"),
        ('version = "site-1"', "", "version"),
        ("[signals]", "[signals", "Expected"),
        ("alt = {", "shoe_size = {", "no signal is called 'shoe_size'"),
        ("wander = 0.1, noise_cv = 9 }\nast", "noise_cv = 9 }\nast", "alt needs slope_sd, wander and noise_cv"),
        ("slope_sd = 0.1", "slope_sd = -0.1", "above zero"),
        ("slope_sd = 0.1", 'slope_sd = "fast"', "could not convert"),
        ('second = "ast"', 'second = "ggt"', "not both fitted"),
        ("level = 0.5", "level = 1.5", "not between -1 and 1"),
        ("level = 0.5", "level = nan", "not between -1 and 1"),
        ("level = 0.5,", "", "level"),
        ("slope_sd = 0.1", "slope_sd = inf", "above zero"),
        ("[signals]", "signals = 3\n[other]", "no file of dynamics"),
    ],
)
def test_file_that_is_none_is_refused_by_what_is_wrong_and_the_house_values_stay(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    path = tmp_path / "site.toml"
    path.write_text(GOOD)
    adopt(path)
    assert dynamics_version().endswith("+site-1")
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(ConfigurationError, match=why):
        adopt(path)
    assert dynamics_version() == HOUSE
    with pytest.raises(ConfigurationError, match="can't be read"):
        adopt(tmp_path / "none.toml")


def test_links_that_can_not_all_be_are_refused_when_they_are_taken_up(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    rows = [("alt", "ast", 0.9), ("ast", "ggt", 0.9), ("alt", "ggt", -0.9)]
    links = ", ".join(f'{{ first = "{a}", second = "{b}", level = {r}, change = 0.0 }}' for a, b, r in rows)
    signals = "\n".join(f"{key} = {{ slope_sd = 0.1, wander = 0.1, noise_cv = 9 }}" for key in ("alt", "ast", "ggt"))
    path.write_text(f'version = "x"\ntogether = [{links}]\n[signals]\n{signals}\n')
    with pytest.raises(ConfigurationError, match="contradict each other"):
        adopt(path)
    assert group_of("alt").keys == ("alt", "ast", "ggt", "alp")


@pytest.mark.parametrize("seed", range(20))
def test_what_is_written_is_a_correlation_whatever_was_fitted(seed: int) -> None:
    root = np.random.default_rng(seed).normal(size=(6, 2))
    covariance = root @ root.T + 1e-6 * np.eye(6)
    kept = moving._possible(moving._correlation(covariance))
    members = tuple(motion(key) for key in ("alt", "ast", "ggt", "alp", "platelets", "albumin"))
    links = [
        Together(first=members[i].key, second=members[j].key, level=float(kept[i, j]), change=float(kept[i, j]))
        for i in range(6)
        for j in range(i)
    ]
    assert np.linalg.eigvalsh(joined(members, links).drift)[0] > 0


def test_command_writes_the_file_and_tells(data: Path, tmp_path: Path) -> None:
    spec, out = tmp_path / "cohort.toml", tmp_path / "dynamics.toml"
    spec.write_text(
        'key = "site"\ntitle = "t"\n[endpoint]\nname = "death"\nhorizons = [1]\n[landmarks]\ntimes = [1]\n'
        '[biomarkers]\nalt = { scale = "log", signal = "alt", unit = "U/L" }\n[card]\nsource = "Drawn"\n'
    )
    done = CliRunner().invoke(app, ["cohort", "dynamics", "--spec", str(spec), "--data", str(data), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "250 patients, 3000 readings: alt" in done.output
    adopt(out)
    assert motion("alt").wander == pytest.approx(0.2, rel=0.3)
    nowhere = [
        "cohort",
        "dynamics",
        "--spec",
        str(spec),
        "--data",
        str(data),
        "--out",
        str(out / "x"),
    ]  # a file is no folder
    assert CliRunner().invoke(app, nowhere).exit_code == 2
