"""Growing by a ball, bit by bit, gives exactly what a distance transform gives."""

import numpy as np
import pytest
from scipy import ndimage

from imaging.morphology import grown

SPACINGS = ((0.7, 0.7, 2.5), (1.0, 1.0, 1.0), (2.8125, 2.8125, 5.0))  # x, y, z


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("reach_mm", (0.5, 2.5, 8.0))
def test_growing_equals_the_distance_transform(spacing: tuple[float, float, float], reach_mm: float) -> None:
    rng = np.random.default_rng(3)
    for shape in ((9, 30, 70), (1, 5, 3), (20, 4, 64)):
        mask = rng.random(shape) < 0.02
        mask[0, 0, 0] = True
        near = ndimage.distance_transform_edt(~mask, sampling=spacing[::-1]) <= reach_mm
        assert np.array_equal(grown(mask, reach_mm, spacing), near)


def test_nothing_grows_from_nothing() -> None:
    assert not grown(np.zeros((3, 4, 5), bool), 2.0, (1.0, 1.0, 1.0)).any()
