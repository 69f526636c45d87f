"""However a series is damaged, it is read or refused with a reason; it never crashes and never tells the patient."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imaging.errors import ImagingError
from imaging.phantom import Phantom, write_phantom
from imaging.study import read_path

CHEST = Phantom(columns=32, pixel_mm=11.0, slices=5, slice_mm=5.0, lesions=(), patient_id="SECRET-1")
HEADER = (132, 1500)  # the preamble says nothing; after this come the pixels


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, ...]:
    """The files of a small drawn series."""
    return tuple(path.read_bytes() for path in write_phantom(tmp_path_factory.mktemp("chest"), CHEST))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), changes=st.sampled_from([1, 3, 20]), cut=st.booleans())
def test_damaged_files_are_read_or_refused(files: tuple[bytes, ...], seed: int, changes: int, cut: bool) -> None:
    chance = random.Random(seed)
    with TemporaryDirectory() as folder:
        for number, whole in enumerate(files):
            data = bytearray(whole)
            if number % 2:
                for _ in range(changes):
                    data[chance.randrange(*HEADER)] = chance.randrange(256)
                if cut:
                    del data[chance.randrange(100, len(data)) :]
            Path(folder, f"{number}.dcm").write_bytes(bytes(data))
        try:
            volume, _ = read_path(Path(folder))
        except ImagingError as error:
            assert str(error) and "SECRET" not in str(error)
        else:
            assert volume.hu.shape[0] >= 2 and "SECRET" not in " ".join(volume.provenance.warnings)
