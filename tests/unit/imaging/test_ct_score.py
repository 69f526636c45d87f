"""The learned score: its weights are those that were checked, and its kernels equal their plain NumPy twins."""

import json
from pathlib import Path

import numba
import numpy as np
import pytest

from imaging.blocks import blocks_of, cells_of
from imaging.blocks_peaks import peaks
from imaging.blocks_weigh import TERMS, weigh_blocks, weigh_places
from imaging.blocks_weigh_numpy import weigh_blocks_numpy, weigh_places_numpy
from imaging.errors import ImagingError
from imaging.phantom import Phantom, draw_phantom
from imaging.score import FILE, read_model
from imaging.study import screen


def test_the_card_names_what_was_learned_from() -> None:
    card = json.loads(FILE.read_text())["card"]
    told = " ".join(card["learned_from"])
    assert "LIDC-IDRI" in told and "CC BY 3.0" in told and "planted" in told
    assert "not a probability" in card["what"] and card["limits"]


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    told = json.loads(FILE.read_text())
    told["weights"]["base"] += 1
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(told))
    with pytest.raises(ImagingError, match="changed"):
        read_model(changed)


def test_block_scores_equal_their_numpy_twin() -> None:
    rng = np.random.default_rng(4)
    hu = rng.integers(-1000, 400, (20, 30, 40)).astype(np.int16)
    mask = rng.random((10, 15, 20)) < 0.5
    blocks = blocks_of(cells_of(hu, (1, 1, 1), mask, (2, 2, 2)), 8, -850.0)
    weights = rng.normal(0, 1, TERMS).astype(np.float32)
    fast = weigh_blocks(blocks, -850.0, weights)
    np.testing.assert_allclose(fast, weigh_blocks_numpy(blocks, -850.0, weights), atol=1e-5)
    assert 0 < fast.max() < 1


def test_peaks_are_those_that_no_neighbour_exceeds_the_first_of_equals() -> None:
    rng = np.random.default_rng(9)
    score = rng.integers(0, 6, (9, 14, 15)).astype(np.float32)
    at = peaks(score)
    padded = np.pad(score, 1, constant_values=-1)
    expected = []
    for place in np.ndindex(score.shape):
        around = padded[tuple(slice(one, one + 3) for one in place)].ravel()
        if score[place] > 0 and np.all(around[:13] < score[place]) and np.all(around[14:] <= score[place]):
            expected.append(place)
    assert at.tolist() == [list(one) for one in sorted(expected, key=lambda one: -score[one])]


def test_place_scores_equal_their_numpy_twin() -> None:
    rng = np.random.default_rng(5)
    shape, hidden, bias, out = rng.normal(size=(9, 7)), rng.normal(size=(4, 7)), rng.normal(size=4), rng.normal(size=4)
    fast = weigh_places(shape, hidden, bias, out)
    np.testing.assert_allclose(fast, weigh_places_numpy(shape, hidden, bias, out), rtol=1e-12)


def test_any_number_of_threads_gives_the_same_regions(small_phantom: Phantom) -> None:
    volume = draw_phantom(small_phantom)
    most = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        alone = screen(volume).regions
    finally:
        numba.set_num_threads(most)
    assert screen(volume).regions == alone and alone
