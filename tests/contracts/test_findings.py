"""What every finder owes: a key of its own, a source, findings with places, a reason when it cannot look."""

import re
from pathlib import Path

import numpy as np
import pytest

import imaging.findings
from imaging.absent import Absent
from imaging.findings import FINDINGS
from imaging.findings.base import Finder
from imaging.phantom import Lesion, Phantom, draw_phantom
from imaging.study import screen
from imaging.volume import Volume

each_finder = pytest.mark.parametrize("finder", FINDINGS, ids=lambda finder: finder.key)
CHEST = Phantom(
    columns=128,
    pixel_mm=2.8,
    slices=60,
    slice_mm=4.0,
    lesions=(Lesion(centre_lps_mm=(-84.0, 36.0, 42.0), diameter_mm=16.0),),
)


@pytest.fixture(scope="module")
def chest() -> Volume:
    """A drawn chest with one planted nodule."""
    return draw_phantom(CHEST)


def test_keys_are_unique() -> None:
    assert len({finder.key for finder in FINDINGS}) == len(FINDINGS)


def test_no_finder_is_forgotten() -> None:
    folder = Path(imaging.findings.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "base"}
    assert files == {finder.key for finder in FINDINGS}


@each_finder
def test_a_finder_says_what_it_is(finder: Finder) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]+", finder.key)
    assert finder.looks_for and finder.method and finder.source
    assert re.fullmatch(r"\d{4}-\d{2}", finder.reviewed)


@each_finder
def test_findings_have_a_place_inside_the_scan(finder: Finder, chest: Volume) -> None:
    found = finder.find(chest, screen(chest))
    assert not isinstance(found, Absent)
    low, high = chest.to_lps(np.array([[-0.5] * 3, np.array(chest.hu.shape[::-1]) - 0.5]))
    for number, finding in enumerate(found, start=1):
        assert finding.key == finder.key and finding.rank == number and finding.method
        assert np.all(low - 1e-6 <= finding.box_lps_mm[0]) and np.all(np.array(finding.box_lps_mm[1]) <= high + 1e-6)
        assert all(np.isfinite(value) for value in finding.features.values())


@each_finder
def test_a_finder_that_cannot_look_says_why(finder: Finder) -> None:
    solid = Volume(hu=np.full((8, 32, 32), 40, np.int16), affine_lps=np.diag([5.0, 5.0, 5.0, 1.0]))
    found = finder.find(solid, screen(solid))
    assert isinstance(found, Absent) and found.reason
