"""One CT slice in sixteen encodings: ten exact, two off by a few HU and said so, four refused by name."""

from pathlib import Path

import numpy as np
import pytest

from imaging.dicom import DicomFile, find_series, read_slice
from imaging.errors import LossyPixels, PixelError, UndecodablePixels

pytestmark = pytest.mark.shared_data
UID = "1.2.840.10008.1.2"
EXACT = ("", ".1", ".2", ".1.99", ".4.90", ".4.80", ".4.70", ".4.57", ".5")
NEARLY = {".4.91": 5, ".4.81": 1}  # largest difference in HU
REFUSED: dict[str, type[PixelError]] = {
    ".4.50": LossyPixels,
    ".4.51": LossyPixels,
    ".4.53": UndecodablePixels,
    ".4.55": UndecodablePixels,
}


def image(shared_data: Path, suffix: str) -> DicomFile:
    (path,) = (shared_data / "ct" / "dicom_encodings").glob(f"*_{UID}{suffix}.dcm")
    return find_series(path)[0].files[0]


@pytest.fixture(scope="module")
def original(shared_data: Path) -> np.ndarray:
    """The slice as it came, uncompressed."""
    path = shared_data / "ct" / "dicom_encodings" / "CTImage.dcm"
    return read_slice(find_series(path)[0].files[0])[0]


@pytest.mark.parametrize("suffix", EXACT)
def test_lossless_encodings_are_exact(shared_data: Path, original: np.ndarray, suffix: str) -> None:
    hu, _, is_lossy = read_slice(image(shared_data, suffix))
    assert np.array_equal(hu, original) and not is_lossy


@pytest.mark.parametrize("suffix", NEARLY)
def test_lossy_encodings_are_near_and_marked(shared_data: Path, original: np.ndarray, suffix: str) -> None:
    hu, _, is_lossy = read_slice(image(shared_data, suffix))
    assert is_lossy
    assert 0 < np.abs(hu.astype(int) - original).max() <= NEARLY[suffix]


@pytest.mark.parametrize("suffix", REFUSED)
def test_what_cannot_be_decoded_rightly_is_refused(shared_data: Path, suffix: str) -> None:
    with pytest.raises(REFUSED[suffix]):
        read_slice(image(shared_data, suffix))
