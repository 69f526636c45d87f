"""TotalSegmentator's labels: its table of classes, and its command where there is one."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from imaging.absent import Absent
from imaging.errors import NoSegmenter
from imaging.segment.names import TOTAL_CLASSES, TOTAL_NUMBERS, with_wholes
from imaging.segment.total import TotalSegmenter
from imaging.volume import Volume

VOLUME = Volume(hu=np.zeros((5, 6, 7), np.int16), affine_lps=np.diag([2.0, 2.0, 3.0, 1.0]))


def test_the_classes_have_the_numbers_of_the_published_table() -> None:
    assert len(TOTAL_CLASSES) == len(set(TOTAL_CLASSES)) == 117
    known = {1: "spleen", 5: "liver", 31: "vertebrae_L1", 52: "aorta", 79: "spinal_cord", 92: "rib_left_1"}
    assert {number: TOTAL_NUMBERS[number] for number in known} == known
    assert TOTAL_NUMBERS[117] == "costal_cartilages"


def test_larger_organs_are_joined_from_their_parts_and_not_invented() -> None:
    joined = with_wholes({name: (number,) for number, name in TOTAL_NUMBERS.items()})
    assert joined["lungs"] == (10, 11, 12, 13, 14)
    assert joined["lung_left"] == (10, 11)
    assert joined["airways"] == (16,)
    assert len(joined["vertebrae"]) == 25
    assert joined["heart"] == (51,)
    assert "heart" not in with_wholes({"atrial_appendage_left": (61,)})


def test_a_tool_that_is_not_installed_is_refused_by_name() -> None:
    with pytest.raises(NoSegmenter, match="not installed"):
        TotalSegmenter(command="no-such-segmenter").segment(VOLUME)


def test_what_the_command_writes_is_read_as_labels(tmp_path: Path) -> None:
    drawn = np.zeros(VOLUME.hu.shape, np.uint8)
    drawn[1:3, 2:4, 2:5] = 5
    image = sitk.GetImageFromArray(drawn)
    image.SetSpacing((2.0, 2.0, 3.0))
    sitk.WriteImage(image, str(tmp_path / "kept.nii"))
    labels = TotalSegmenter(command=_program(tmp_path, f'cp "{tmp_path}/kept.nii" "$4"')).segment(VOLUME)
    liver = labels.mask("liver")
    assert not isinstance(liver, Absent)
    assert np.array_equal(liver, drawn == 5)
    assert "TotalSegmentator" in labels.method


@pytest.mark.parametrize("ends", ("exit 3", "true"))
def test_a_tool_that_fails_or_writes_nothing_is_named(tmp_path: Path, ends: str) -> None:
    with pytest.raises(NoSegmenter, match="labels"):
        TotalSegmenter(command=_program(tmp_path, ends)).segment(VOLUME)


def _program(folder: Path, line: str) -> str:
    """A stand-in for the tool, at the port: called as it is called."""
    shell = shutil.which("sh")
    path = folder / "segmenter"
    path.write_text(f"#!{shell}\n{line}\n")
    path.chmod(0o755)
    return str(path)
