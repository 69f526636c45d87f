"""However an enhanced CT, a DICOMDIR, a NIfTI, an NRRD or a kept volume is damaged, it is read or refused; no crash."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imaging import cache
from imaging.archive import Limits
from imaging.dicom import write_slice
from imaging.errors import ImagingError
from imaging.source import read_path
from imaging.volume import Volume
from tests.unit.imaging.enhanced_files import enhanced, save
from tests.unit.imaging.volume_files import save_nifti, save_nrrd, values

SMALL = Limits(voxels=1 << 22, pixels_per_slice=1 << 20)
KINDS = {"enhanced": (132, 2600), "a.nii": (0, 352), "a.nii.gz": (0, 400), "a.nrrd": (0, 400)}  # bytes worth damaging


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One sound file of each kind."""
    folder = tmp_path_factory.mktemp("whole")
    tags = {
        "Modality": "CT", "PatientID": "SECRET-1", "PatientName": "SECRET", "StudyInstanceUID": "2.25.2",
        "SeriesInstanceUID": "2.25.3", "FrameOfReferenceUID": "2.25.4", "StudyDate": "20260115", "StudyTime": "",
        "Manufacturer": "", "SliceThickness": 2, "PixelSpacing": [1, 1], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "RescaleSlope": 1, "RescaleIntercept": -1024,
    }  # fmt: skip
    slices = [folder / f"{number}.dcm" for number in range(3)]
    for number, path in enumerate(slices):
        own = {"ImagePositionPatient": [0, 0, 2 * number], "SOPInstanceUID": f"2.25.1{number}"}
        write_slice(path, tags | own, np.arange(64, dtype=np.int16).reshape(8, 8) * 20)
    return {
        "enhanced": save(enhanced(slices), folder / "e.dcm").read_bytes(),
        "a.nii": save_nifti(folder / "a.nii", values(5, 6, 7)).read_bytes(),
        "a.nii.gz": save_nifti(folder / "a.nii.gz", values(5, 6, 7)).read_bytes(),
        "a.nrrd": save_nrrd(folder / "a.nrrd", values(5, 6, 7)).read_bytes(),
    }


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), changes=st.sampled_from([0, 1, 3, 20]), cut=st.booleans())
def test_a_damaged_file_is_read_or_refused(
    whole: dict[str, bytes], kind: str, seed: int, changes: int, cut: bool
) -> None:
    chance, data = random.Random(seed), bytearray(whole[kind])
    for _ in range(changes):
        data[chance.randrange(KINDS[kind][0], min(KINDS[kind][1], len(data)))] = chance.randrange(256)
    if cut:
        del data[chance.randrange(10, len(data)) :]
    with TemporaryDirectory() as folder:
        path = Path(folder, kind)
        path.write_bytes(bytes(data))
        try:
            volume, _ = read_path(path, limits=SMALL)
        except ImagingError as error:
            assert str(error) and "SECRET" not in str(error)
        else:
            assert volume.hu.size > 1 and np.isfinite(volume.affine_lps).all()
            assert "SECRET" not in " ".join(volume.provenance.warnings)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), name=st.sampled_from(["volume.nii.gz", "padding.gz", "volume.json"]))
def test_a_damaged_cache_never_gives_another_volume(seed: int, name: str) -> None:
    chance = random.Random(seed)
    hu = values(5, 6, 7).transpose(2, 1, 0).copy()
    volume = Volume(hu=hu, affine_lps=np.diag([1.0, 1.0, 2.0, 1.0]), padding=hu < -500)
    with TemporaryDirectory() as folder:
        kept = Path(folder, "kept")
        cache.write(volume, kept)
        data = bytearray((kept / name).read_bytes())
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        (kept / name).write_bytes(bytes(data))
        with pytest.raises(ImagingError):
            cache.read(kept)
