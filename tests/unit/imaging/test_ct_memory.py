"""Reading holds little beside the volume itself, however the series is kept and however large it is.

What Python and NumPy allocate is counted; what a whole process takes on 300 x 512 x 512 is in `bench/bench_ct_read.py`.
"""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from imaging import cache
from imaging.dicom import write_slice
from imaging.errors import TooLarge
from imaging.nifti import write_nifti
from imaging.source import read_path
from imaging.volume import Volume
from tests.unit.imaging.enhanced_files import enhanced, save

SLICES, SIDE = 48, 256
VOLUME_BYTES = SLICES * SIDE * SIDE * 2
BESIDE_BYTES = 6 << 20  # headers, and some slices as float


def draw(folder: Path, slices: int, side: int, *, flipped: bool = False, tilt: float = 0.0) -> Path:
    """Write slices with a padded rim; flipped: prone and feet first; tilt in radians."""
    folder.mkdir()
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    stored = (1000 + 300 * np.sin(x) * np.cos(y)).astype(np.int16)
    stored[x**2 + y**2 > (side / 2) ** 2] = -2000
    sign = -1.0 if flipped else 1.0
    for number in range(slices):
        tags = {
            "Modality": "CT",
            "SOPInstanceUID": f"2.25.{number + 1}",
            "StudyInstanceUID": "2.25.88",
            "SeriesInstanceUID": "2.25.99",
            "FrameOfReferenceUID": "2.25.77",
            "PatientID": "DRAWN",
            "PatientName": "",
            "StudyDate": "20260115",
            "StudyTime": "",
            "Manufacturer": "",
            "SliceThickness": 1,
            "PixelSpacing": [max(0.7, 24 / side)] * 2,  # a field of view that a CT can have
            "ImageOrientationPatient": [sign, 0, 0, 0, sign * np.cos(tilt), -np.sin(tilt)],
            "ImagePositionPatient": [-90 * sign, -90 * sign, float(number)],
            "RescaleSlope": 1,
            "RescaleIntercept": -1024,
        }
        write_slice(folder / f"{number:04d}.dcm", tags, stored + np.int16(number % 7))
    return folder


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn series as single files."""
    return draw(tmp_path_factory.mktemp("memory") / "straight", SLICES, SIDE)


def peak_bytes(run: Callable[[], object]) -> int:
    run()  # what is loaded only once is not counted
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_folder_takes_less_than_two_volumes(straight: Path) -> None:
    assert VOLUME_BYTES < peak_bytes(lambda: read_path(straight)) < 2 * VOLUME_BYTES + BESIDE_BYTES


def test_an_enhanced_ct_takes_no_more(tmp_path: Path, straight: Path) -> None:
    path = save(enhanced(sorted(straight.iterdir())), tmp_path / "e.dcm")
    assert peak_bytes(lambda: read_path(path)) < 2 * VOLUME_BYTES + BESIDE_BYTES


@pytest.mark.parametrize("how", [{"flipped": True}, {"tilt": 0.2}])
def test_turning_and_straightening_take_less_than_three_and_a_half(tmp_path: Path, how: dict[str, float]) -> None:
    folder = draw(tmp_path / "odd", SLICES, SIDE, **how)  # type: ignore[arg-type]
    assert peak_bytes(lambda: read_path(folder)) < 3.5 * VOLUME_BYTES + BESIDE_BYTES


def test_nifti_and_cache_take_less_than_two_and_a_half(tmp_path: Path, straight: Path) -> None:
    volume: Volume = read_path(straight)[0]
    write_nifti(volume, tmp_path / "a.nii.gz")
    cache.write(volume, tmp_path / "kept")
    assert peak_bytes(lambda: read_path(tmp_path / "a.nii.gz")) < 2 * VOLUME_BYTES + BESIDE_BYTES
    assert peak_bytes(lambda: cache.read(tmp_path / "kept")) < 2.5 * VOLUME_BYTES + BESIDE_BYTES


def test_a_slice_costs_little_beside_its_pixels(tmp_path: Path) -> None:
    """So that 5,000 slices cost less than 200 MB beside theirs."""
    folder = draw(tmp_path / "many", 40, 8)
    assert peak_bytes(lambda: read_path(folder)) / 40 < 40_000


def test_a_header_that_promises_too_much_is_refused_before_anything_is_held(tmp_path: Path, straight: Path) -> None:
    made = enhanced(sorted(straight.iterdir()))
    made.Rows, made.Columns = 32_767, 32_767
    path = save(made, tmp_path / "e.dcm")

    def refused() -> None:
        with pytest.raises(TooLarge):
            read_path(path)

    assert peak_bytes(refused) < BESIDE_BYTES
