"""What every finder and every row of the catalogue owe: a place, a reason, and cases drawn for, against and unclear."""

import re
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

import imaging.findings
from imaging.absent import Absent
from imaging.catalogue import Entry, entries
from imaging.examine import Examined
from imaging.findings import FINDINGS
from imaging.findings.base import Finder
from imaging.gate import Fitness, judge
from imaging.labels import Labels
from imaging.measure import MEASURES
from imaging.study import Screening, screen
from imaging.volume import Volume
from tests.drawn_chest import DRAWN, Drawn, healthy, scanned
from twin.organs.ct_cutoffs import Reading, cutoffs
from twin.organs.ct_cutoffs import judge as judged

each_finder = pytest.mark.parametrize("finder", FINDINGS, ids=lambda finder: finder.key)
MEASURED = tuple(row for row in entries() if row.how == "measured")
SCREENED = tuple(row for row in entries() if row.how == "screened")
each_measured = pytest.mark.parametrize("row", MEASURED, ids=lambda row: row.key)
BY_KEY = {finder.key: finder for finder in FINDINGS}


RESTS_ON_SCREENING = frozenset({"flagged_region", "nodule", "nodulegr1cm", "scattered_nod", "mass"})


def _examined(
    volume: Volume, labels: Labels, contrast: Literal["none", "enhanced"] = "none", screening: Screening | None = None
) -> Examined:
    return Examined(
        volume=volume, screening=screening or screen(volume), labels=labels, fitness=Fitness(contrast=contrast),
        measurements=(),
    )  # fmt: skip


@cache
def _healthy() -> Examined:
    return _examined(*scanned(healthy()))


@cache
def _nothing_to_see() -> Examined:
    """A block of soft tissue without any label, with contrast."""
    volume = Volume(hu=np.full((24, 48, 48), 40, np.int16), affine_lps=np.diag([5.0, 5.0, 5.0, 1.0]))
    unlabelled = Labels(voxels=np.zeros(volume.hu.shape, np.uint8), numbers={}, method="drawn")
    return _examined(volume, unlabelled, "enhanced")


def _drawn(key: str) -> Examined:
    """The scan that was drawn for a finder; one that does not rest on screening gets the healthy chest's."""
    return _ill(DRAWN[key], key in RESTS_ON_SCREENING)


@cache
def _ill(draw: Callable[[Drawn], None], is_screened: bool) -> Examined:
    chest = healthy()
    draw(chest)
    return _examined(*scanned(chest), screening=None if is_screened else _healthy().screening)


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
def test_what_was_drawn_is_found_at_a_place_inside_the_scan(finder: Finder) -> None:
    examined = _drawn(finder.key)
    found = finder.find(examined)
    assert not isinstance(found, Absent) and found
    volume = examined.volume
    low, high = volume.to_lps(np.array([[-0.5] * 3, np.array(volume.hu.shape[::-1]) - 0.5]))
    for number, finding in enumerate(found, start=1):
        assert finding.key == finder.key and finding.rank == number and finding.method
        assert np.all(low - 1e-6 <= finding.box_lps_mm[0]) and np.all(np.array(finding.box_lps_mm[1]) <= high + 1e-6)
        assert all(np.isfinite(value) for value in finding.features.values())
    assert all(one.score >= other.score for one, other in pairwise(found))


@pytest.mark.parametrize("finder", [one for one in FINDINGS if one.key != "flagged_region"], ids=lambda one: one.key)
def test_nothing_is_found_in_a_healthy_chest(finder: Finder) -> None:
    assert finder.find(_healthy()) == ()


def test_the_first_place_to_look_at_in_a_healthy_chest_scores_below_a_drawn_lump() -> None:
    healthy_ones, ill_ones = (BY_KEY["flagged_region"].find(one) for one in (_healthy(), _drawn("flagged_region")))
    assert not isinstance(healthy_ones, Absent) and not isinstance(ill_ones, Absent)
    assert all(one.score < ill_ones[0].score for one in healthy_ones)
    assert np.linalg.norm(np.subtract(ill_ones[0].centre_lps_mm, (-72, 5, 50))) < 5


@each_finder
def test_a_finder_that_cannot_look_says_why(finder: Finder) -> None:
    found = finder.find(_nothing_to_see())
    assert isinstance(found, Absent) and found.reason


def test_the_catalogue_names_each_of_the_101_abnormalities_once() -> None:
    assert sum(row.is_abnormality for row in entries()) == 101
    assert len({row.key for row in entries()}) == len(entries())


def test_at_least_30_abnormalities_are_found_by_own_code() -> None:
    assert sum(row.is_abnormality and row.how in ("measured", "screened") for row in entries()) >= 30


@pytest.mark.parametrize("row", SCREENED, ids=lambda row: row.key)
def test_a_screened_row_names_a_finder_and_what_it_rests_on(row: Entry) -> None:
    assert row.by in BY_KEY and row.limit and row.rests_on
    assert row.by == row.key or row.key == "lesion", "what is found is stated under its own key"


@pytest.mark.parametrize("finder", FINDINGS, ids=lambda finder: finder.key)
def test_every_finder_has_a_row(finder: Finder) -> None:
    assert finder.key in {row.by for row in SCREENED}


@each_measured
def test_a_measured_row_has_a_cutoff_on_a_measurement_that_exists(row: Entry) -> None:
    keys = {key for measure in MEASURES for key in measure.keys}
    assert row.by in keys and {cutoff.measurement for cutoff in cutoffs()[row.key]} <= keys
    assert row.by in {cutoff.measurement for cutoff in cutoffs()[row.key]}


def test_no_cutoff_is_for_a_finding_that_the_catalogue_does_not_measure() -> None:
    assert set(cutoffs()) == {row.key for row in MEASURED}


def _calcium(at_aorta: bool) -> Drawn:
    chest = healthy()
    place = (32.0, 42.0, 40.0) if at_aorta else (20.0, -62.0, -15.0)
    chest.hu[chest.ball(*place, 5.0)] = 600.0
    return chest


def _aorta(radius: float) -> Drawn:
    """An aorta with an arch: up in front, over, and down before the spine."""
    chest = healthy()
    chest.put(chest.tube(20, 42, 12), -90.0)
    chest.unlabel(chest.organs == chest.numbers["aorta"][0])
    chest.put(chest.tube(-5, -20, radius, 15, 70), 45.0, "aorta")
    chest.put(chest.tube(20, 42, min(radius, 20.0), -130, 70), 45.0, "aorta")
    for share in np.linspace(0, np.pi, 40):
        y, z = 11 - 31 * np.cos(share), 70 + 25 * np.sin(share)
        chest.put(chest.ball(-5 + 25 * share / np.pi, y, z, min(radius, 16.0)), 45.0, "aorta")
    chest.put(chest.ball(8, -30, -15, 52, 42, 30), 45.0, "heart")
    return chest


SCENES: dict[str, Callable[[], Drawn]] = {
    "healthy": healthy,
    "no bubbles left": lambda: healthy(lung=-960.0),
    "large heart": lambda: healthy(heart_half=80.0),
    "calcium on the heart": lambda: _calcium(False),
    "calcium in the aorta": lambda: _calcium(True),
    "wide arch": lambda: _aorta(26.0),
    "usual arch": lambda: _aorta(11.0),
    "wide abdominal aorta": lambda: healthy(aorta=18.0),
    "fatty liver": lambda: healthy(liver=20.0),
    "thin bone": lambda: healthy(marrow=90.0),
}
ILL = {
    "emphysema": "no bubbles left",
    "cardiomegaly": "large heart",
    "coronary_artery_wall_calcification": "calcium on the heart",
    "atherosclerosis": "calcium in the aorta",
    "arterial_wall_calcification": "calcium in the aorta",
    "dilation_or_ectasia": "wide arch",
    "aneurysm": "wide arch",
    "thoracic_aortic_aneurysm": "wide arch",
    "abdominal_aortic_aneurysm": "wide abdominal aorta",
    "hepatic_steatosis": "fatty liver",
    "osteopenia": "thin bone",
}
WELL = dict.fromkeys(("dilation_or_ectasia", "aneurysm", "thoracic_aortic_aneurysm"), "usual arch")


def _readings(scene: str, finding: str, *, labelled: bool = True) -> tuple[Reading, ...]:
    wanted = {cutoff.measurement for cutoff in cutoffs()[finding]}
    return tuple(
        told for measure in MEASURES if wanted & set(measure.keys) for told in _measured(scene, measure.keys, labelled)
    )


@cache
def _measured(scene: str, keys: tuple[str, ...], labelled: bool) -> tuple[Reading, ...]:
    volume, labels = scanned(SCENES[scene]())
    if not labelled:
        labels = Labels(voxels=labels.voxels, numbers={}, method="drawn")
    (measure,) = (one for one in MEASURES if one.keys == keys)
    return tuple(
        Reading(key=told.key, value=told.value, sd=told.sd, level=told.level, refused=told.refused)
        for told in measure.measure(volume, labels, judge(volume, labels))
    )


@each_measured
def test_a_measured_finding_is_present_where_it_was_drawn(row: Entry) -> None:
    assert judged(row.key, _readings(ILL[row.key], row.key)).verdict == "present"


@each_measured
def test_a_measured_finding_is_absent_in_a_healthy_chest(row: Entry) -> None:
    assert judged(row.key, _readings(WELL.get(row.key, "healthy"), row.key)).verdict == "absent"


@each_measured
def test_a_measured_finding_can_not_be_told_without_the_measurement(row: Entry) -> None:
    verdict = judged(row.key, _readings("healthy", row.key, labelled=False))
    assert verdict.verdict == "cannot_tell" and verdict.reason
