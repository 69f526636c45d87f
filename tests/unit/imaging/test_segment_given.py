"""Labels that are handed in: on the scan's grid whatever theirs is, named by a map, refused when they are another's."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from imaging.absent import Absent
from imaging.errors import ForeignLabels, NotAReport
from imaging.segment.given import given, read_label_map
from imaging.volume import Volume

ORIGIN = (-20.0, -30.0, 40.0)
SPACING = (2.0, 2.0, 3.0)
MAP = "group,original_idx,structure,id\norgans,1,spleen,1\norgans,5,liver,5\nlobes,1,lung_upper_lobe_left,10\n"


def scan() -> Volume:
    affine = np.diag([*SPACING, 1.0])
    affine[:3, 3] = ORIGIN
    return Volume(hu=np.zeros((8, 12, 10), np.int16), affine_lps=affine)


def drawn() -> NDArray[np.uint8]:
    voxels = np.zeros((8, 12, 10), np.uint8)
    voxels[2:6, 3:9, 1:5] = 5
    voxels[1:3, 2:5, 6:9] = 1
    voxels[6:, :4, 2:6] = 10
    return voxels


def written(
    path: Path, voxels: NDArray[np.generic], origin: tuple[float, ...] = ORIGIN, spacing: tuple[float, ...] = SPACING
) -> Path:
    image = sitk.GetImageFromArray(voxels)
    image.SetOrigin(origin)
    image.SetSpacing(spacing)
    sitk.WriteImage(image, str(path))
    return path


@pytest.fixture
def label_map(tmp_path: Path) -> Path:
    path = tmp_path / "map.csv"
    path.write_text(MAP)
    return path


def test_labels_on_the_scans_grid_are_taken_voxel_for_voxel(tmp_path: Path, label_map: Path) -> None:
    labels = given(scan(), written(tmp_path / "any.nii.gz", drawn()), label_map)
    liver, lungs = labels.mask("liver"), labels.mask("lungs")
    assert not isinstance(liver, Absent) and np.array_equal(liver, drawn() == 5)
    assert not isinstance(lungs, Absent) and np.array_equal(lungs, drawn() == 10)


def test_labels_stored_from_right_to_left_and_from_the_head_lie_where_they_lay(tmp_path: Path, label_map: Path) -> None:
    image = sitk.ReadImage(str(written(tmp_path / "plain.nii", drawn())))
    sitk.WriteImage(sitk.Flip(image, (True, False, True)), str(tmp_path / "flipped.nii"))
    labels = given(scan(), tmp_path / "flipped.nii", label_map)
    assert np.array_equal(labels.voxels, drawn())


def test_a_finer_grid_is_brought_onto_the_scans_and_said_so(tmp_path: Path, label_map: Path) -> None:
    finer = drawn().repeat(3, axis=0)
    path = written(tmp_path / "finer.nii", finer, (ORIGIN[0], ORIGIN[1], ORIGIN[2] - 1.0), (2.0, 2.0, 1.0))
    labels = given(scan(), path, label_map)
    assert np.array_equal(labels.voxels, drawn())
    assert "nearest voxel" in labels.method


def test_labels_of_another_place_are_refused(tmp_path: Path, label_map: Path) -> None:
    path = written(tmp_path / "far.nii", drawn(), (500.0, 0.0, 0.0))
    with pytest.raises(ForeignLabels, match="another"):
        given(scan(), path, label_map)


def test_numbers_without_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ForeignLabels, match="label map"):
        given(scan(), written(tmp_path / "any.nii", drawn()))


def test_a_mask_of_one_organ_is_named_by_its_file(tmp_path: Path) -> None:
    labels = given(scan(), written(tmp_path / "aorta.nii.gz", (drawn() == 5).astype(np.uint8)))
    aorta = labels.mask("aorta")
    assert not isinstance(aorta, Absent) and np.array_equal(aorta, drawn() == 5)


def test_a_number_that_the_map_does_not_know_is_kept_under_its_number(tmp_path: Path, label_map: Path) -> None:
    voxels = drawn()
    voxels[7, 11, 9] = 77
    labels = given(scan(), written(tmp_path / "more.nii", voxels), label_map)
    assert labels.numbers["label_77"] == (77,)


def test_an_organ_of_the_map_that_is_not_drawn_is_absent(tmp_path: Path, label_map: Path) -> None:
    labels = given(scan(), written(tmp_path / "less.nii", np.where(drawn() == 1, 0, drawn())), label_map)
    missing = labels.mask("spleen")
    assert isinstance(missing, Absent) and "not outlined" in missing.reason


@pytest.mark.parametrize("text", ("a,b\n1,liver\n", "", "id,structure\nx,liver\n", "id,structure\n5,\n"))
def test_a_map_that_names_nothing_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "map.csv"
    path.write_text(text)
    with pytest.raises(ForeignLabels, match="map"):
        read_label_map(path)


def test_a_file_of_another_kind_is_refused_by_name(tmp_path: Path, label_map: Path) -> None:
    path = tmp_path / "notes.nii"
    path.write_bytes(b"not an image")
    with pytest.raises(NotAReport, match=r"notes\.nii"):
        given(scan(), path, label_map)
    with pytest.raises(NotAReport, match=r"none\.nii"):
        given(scan(), tmp_path / "none.nii", label_map)


def test_fractions_are_no_labels(tmp_path: Path, label_map: Path) -> None:
    with pytest.raises(NotAReport, match="whole numbers"):
        given(scan(), written(tmp_path / "share.nii", drawn() * np.float32(0.3)), label_map)
