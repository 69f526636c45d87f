"""Whatever the order and the names of its files, a series gives the same regions, bit for bit."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imaging.dicom import find_series
from imaging.phantom import Lesion, Phantom, write_phantom
from imaging.series import read_volume
from imaging.study import screen

CHEST = Phantom(
    columns=96,
    pixel_mm=3.7,
    slices=40,
    slice_mm=6.0,
    lesions=(Lesion(centre_lps_mm=(-84.0, 36.0, 42.0), diameter_mm=20.0),),
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, ...]:
    """The files of a drawn chest, feet first."""
    return tuple(path.read_bytes() for path in write_phantom(tmp_path_factory.mktemp("chest"), CHEST))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(CHEST.slices)))
def test_any_file_order_gives_the_same_regions(files: tuple[bytes, ...], order: list[int]) -> None:
    def screened(numbers: list[int]) -> tuple[object, np.ndarray]:
        with TemporaryDirectory() as folder:
            for name, number in enumerate(numbers):
                Path(folder, f"{name:04d}").write_bytes(files[number])
            volume = read_volume(find_series(Path(folder))[0])
        told = screen(volume).to_json()
        return (told["regions"], told["blocks"], told["flagged"], told["series"]), volume.hu

    regions, hu = screened(list(range(CHEST.slices)))
    shuffled_regions, shuffled_hu = screened(order)
    assert shuffled_regions == regions
    assert np.array_equal(shuffled_hu, hu)
