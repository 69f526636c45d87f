"""The bank: the shipped cases, a site's own beside them, and what is said of a lump."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from imaging.bank import Bank, Case, match_regions, shipped_bank
from imaging.bank.descriptor import NAMES, describe
from imaging.bank.likelihood import calibrated
from imaging.bank.models import FOLDER, load_shipped
from imaging.bank.search import index_of, nearest
from imaging.errors import BadBank
from imaging.phantom import NODULE, Phantom, draw_phantom
from imaging.regions import Region
from imaging.volume import Provenance


@pytest.fixture(scope="module")
def bank() -> Bank:
    return shipped_bank()


def ball(radius: int, hu: int) -> tuple[np.ndarray, np.ndarray]:
    z, y, x = np.indices((2 * radius + 1, 60, 60))
    mask = (z - radius) ** 2 + (y - 30) ** 2 + (x - 30) ** 2 <= radius**2
    return np.where(mask, hu, -850).astype(np.int16), mask


def numbers(radius: int, hu: int) -> np.ndarray:
    picture, mask = ball(radius, hu)
    return describe(picture, mask, (1.0, 1.0, 1.0))


def test_numbers_are_finite_and_named() -> None:
    assert len(NAMES) == len(set(NAMES)) == len(numbers(4, 40))
    assert np.isfinite(numbers(4, 40)).all()


def test_one_voxel_is_described_without_a_warning() -> None:
    mask = np.zeros((1, 9, 9), bool)
    mask[0, 4, 4] = True
    assert np.isfinite(describe(np.full((1, 9, 9), -850, np.int16), mask, (2.5, 0.7, 0.7))).all()


def test_a_wider_crop_changes_no_number() -> None:
    picture, mask = ball(5, 40)
    wide = [(3, 2), (11, 4), (1, 9)]
    around = np.pad(picture, wide, constant_values=-850), np.pad(mask, wide)
    assert np.allclose(describe(picture, mask, (1.0, 1.0, 1.0)), describe(*around, (1.0, 1.0, 1.0)), atol=1e-4)


def test_all_700_nodules_and_twelve_kinds_of_tissue_are_shipped(bank: Bank) -> None:
    kinds = [case.kind for case in bank.cases]
    assert kinds.count("nodule") == 700
    assert len(set(kinds)) == 13
    assert len({case.patient for case in bank.cases}) == 388


def test_every_match_says_whose_opinion_its_label_is(bank: Bank) -> None:
    found = bank.answer(numbers(6, 40)).neighbours
    assert len(found) == 5
    assert all(one.label.endswith(("readers' opinion", "automatic label")) for one in found)
    assert [one.similarity for one in found] == sorted((one.similarity for one in found), reverse=True)


def test_a_patient_of_the_bank_is_answered_without_that_patient(bank: Bank) -> None:
    case = bank.cases[0]
    own = bank.answer(case.numbers, case.patient)
    assert not [one for one in own.neighbours if one.case.startswith(case.patient)]
    stranger = bank.answer(case.numbers)
    assert stranger.neighbours[0].case == case.name
    assert own.p_suspicious != stranger.p_suspicious


def test_the_model_for_a_patient_gives_no_weight_to_that_patients_nodules(bank: Bank) -> None:
    shipped = bank.shipped
    for patient, fold in shipped.folds.items():
        rows = [n for n in range(700) if shipped.patients[n] == patient]
        for likelihood in shipped.models[fold].likelihoods:
            assert not likelihood.weights[rows].any()


def test_a_patient_is_known_by_the_picture_even_under_another_name(bank: Bank) -> None:
    case = bank.cases[3]
    assert bank.patient_of("somebody", case.content) == case.patient
    assert bank.patient_of(case.name, "") == case.patient
    assert bank.patient_of("somebody", "") is None


def test_a_blank_calcified_ball_is_called_calcified_and_a_faint_one_not_solid(bank: Bank) -> None:
    assert bank.answer(numbers(4, 900)).p_calcified > 0.8
    assert bank.answer(numbers(4, 30)).p_calcified < 0.2
    assert bank.answer(numbers(7, -620)).p_solid < 0.5 < bank.answer(numbers(7, 30)).p_solid


def test_metal_is_unlike_anything_known(bank: Bank) -> None:
    far = bank.cases[0].numbers + 30 * bank.shipped.models[0].scale.sd
    assert bank.answer(far).unknown
    assert not bank.answer(bank.cases[0].numbers).unknown


def test_local_cases_are_found_and_can_be_withdrawn(bank: Bank) -> None:
    own = Case(name="ours-1", kind="local", numbers=numbers(9, -100), verdict="hamartoma on follow-up")
    with_own = bank.with_local([own])
    first = with_own.answer(own.numbers).neighbours[0]
    assert (first.case, first.label) == ("ours-1", "hamartoma on follow-up; this site's reader")
    withdrawn = with_own.without({"ours-1"})
    assert withdrawn.answer(own.numbers) == bank.answer(own.numbers)
    assert len(withdrawn) == len(bank)


def test_a_shipped_case_that_was_withdrawn_is_not_shown(bank: Bank) -> None:
    case = bank.cases[5]
    assert bank.without({case.name}).answer(case.numbers).neighbours[0].case != case.name


def test_lists_find_nearly_what_the_exact_search_finds() -> None:
    draw = np.random.default_rng(0)
    middles = draw.standard_normal((300, 64))
    places = middles[draw.integers(0, 300, 20_000)] + 0.4 * draw.standard_normal((20_000, 64))
    places = (places / np.linalg.norm(places, axis=1, keepdims=True)).astype(np.float32)
    exact, lists = index_of(places), index_of(places, exact_below=1)
    hits = [len({n for n, _ in nearest(exact, p, 5)} & {n for n, _ in nearest(lists, p, 5)}) for p in places[::400]]
    assert np.mean(hits) / 5 > 0.9


def test_calibration_gives_back_the_curve_that_drew_the_classes() -> None:
    draw = np.random.default_rng(2)
    score = draw.uniform(0.02, 0.98, 20_000)
    truth = draw.random(20_000) < 1 / (1 + np.exp(-(1.2 * np.log(score) - 0.5 * np.log(1 - score) + 0.3)))
    curve = calibrated(score, truth)
    assert (curve.low, curve.high, curve.shift) == pytest.approx((1.2, 0.5, 0.3), abs=0.08)


def test_calibration_never_turns_the_order_round() -> None:
    draw = np.random.default_rng(5)
    score = draw.uniform(-0.2, 1.2, 400)
    truth = draw.random(400) < np.where(score < 0.4, 0.5, 0.3)
    chances = [calibrated(score, truth).of(one) for one in np.linspace(-1, 2, 50)]
    assert (np.diff(chances) >= 0).all()
    assert calibrated(score, score > 0.5).of(2.0) < 1


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "bank")
    content = bytearray((tmp_path / "bank" / "models.npz").read_bytes())
    content[200] ^= 1
    (tmp_path / "bank" / "models.npz").write_bytes(content)
    with pytest.raises(BadBank, match=r"models\.npz"):
        load_shipped(tmp_path / "bank")


def test_a_bank_of_another_format_is_refused(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "bank")
    manifest = json.loads((tmp_path / "bank" / "manifest.json").read_text())
    (tmp_path / "bank" / "manifest.json").write_text(json.dumps(manifest | {"format": 99}))
    with pytest.raises(BadBank, match="99"):
        load_shipped(tmp_path / "bank")


def test_regions_get_their_neighbours_and_a_patient_of_the_bank_none_of_the_own(bank: Bank) -> None:
    volume = draw_phantom(Phantom())
    centre = NODULE.centre_lps_mm
    box = tuple(tuple(c + d for c in centre) for d in (-8.0, 8.0))
    flagged = Region(rank=1, score=1.0, centre_lps_mm=centre, box_lps_mm=box, features={})
    told = match_regions(volume, [flagged], bank)[0]
    assert len(told.matches) == 5
    assert told.known is not None
    named = replace(volume, provenance=Provenance(patient_id=told.matches[0].case.split("_")[0]))
    again = match_regions(named, [flagged], bank)[0]
    assert told.matches[0].case not in [one.case for one in again.matches]
