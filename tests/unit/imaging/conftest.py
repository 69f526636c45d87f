"""The small phantoms that imaging tests share: coarse, so that drawing and screening take a fraction of a second."""

import shutil
from pathlib import Path

import pytest

from imaging.phantom import Lesion, Phantom, write_phantom

SMALL = Phantom(
    columns=128,
    pixel_mm=2.8,
    slices=60,
    slice_mm=4.0,
    lesions=(Lesion(centre_lps_mm=(-84.0, 36.0, 42.0), diameter_mm=16.0),),
    patient_id="PHANTOM-7",
    patient_name="Nobody^At All",
)
TINY = Phantom(columns=32, pixel_mm=11.0, slices=6, slice_mm=5.0, lesions=(), patient_id="PHANTOM-8")


@pytest.fixture(scope="session")
def small_phantom() -> Phantom:
    """A chest with one planted 16 mm nodule."""
    return SMALL


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small phantom as DICOM files; not to be written to."""
    folder = tmp_path_factory.mktemp("small")
    write_phantom(folder, SMALL)
    return folder


@pytest.fixture(scope="session")
def _tiny_drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    write_phantom(folder, TINY)
    return folder


@pytest.fixture
def tiny_folder(tmp_path: Path, _tiny_drawn: Path) -> Path:
    """Six slices of 32 x 32 as DICOM files `0001.dcm` ... `0006.dcm`, free to be spoilt."""
    folder = tmp_path / "tiny"
    shutil.copytree(_tiny_drawn, folder)
    return folder
