"""Whatever the order and the names of its files, a series gives the same regions, bit for bit."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imaging.dicom import find_series
from imaging.phantom import Lesion, Phantom, write_phantom
from imaging.series import read_volume
from imaging.source import read_path
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


@pytest.mark.parametrize("ending", ["nii.gz", "nrrd"])
def test_any_loader_gives_the_same_regions(files: tuple[bytes, ...], tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "dicom"
    folder.mkdir()
    for number, content in enumerate(files):
        (folder / f"{number:04d}").write_bytes(content)
    volume, _ = read_path(folder)
    image = sitk.GetImageFromArray(volume.hu)
    image.SetSpacing(volume.spacing_mm)
    image.SetOrigin(volume.affine_lps[:3, 3].tolist())
    sitk.WriteImage(image, str(tmp_path / f"chest.{ending}"))
    other, _ = read_path(tmp_path / f"chest.{ending}")
    assert np.array_equal(other.hu, volume.hu)
    assert screen(other).regions == screen(volume).regions
