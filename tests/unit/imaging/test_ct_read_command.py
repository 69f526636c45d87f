"""`twin ct read`: what it prints, what it writes, and how it refuses."""

import json
import shutil
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from typer.testing import CliRunner

from imaging.phantom import Phantom, draw_phantom, write_phantom
from tests.unit.imaging.conftest import TINY
from tests.unit.imaging.volume_files import save_nifti, values
from twin.cli.ct import app

KEYS = ["shape", "spacing_mm", "affine_lps", "hu_min", "hu_max", "hu_mean", "warnings", "refused"]


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["read", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_the_json_form_is_the_agreed_one(tiny_folder: Path) -> None:
    code, out, _ = run(tiny_folder, "--json")
    told, drawn = json.loads(out), draw_phantom(TINY)
    assert code == 0 and list(told) == KEYS
    assert told["shape"] == [32, 32, 6] and told["spacing_mm"] == [11.0, 11.0, 5.0]
    assert np.array(told["affine_lps"]) == pytest.approx(drawn.affine_lps)
    assert (told["hu_min"], told["hu_max"]) == (drawn.hu.min(), drawn.hu.max())
    assert told["hu_mean"] == pytest.approx(drawn.hu.mean(), abs=1e-6)
    assert told["warnings"] == [] and told["refused"] is None


def test_values_of_padding_are_not_counted(tiny_folder: Path) -> None:
    for path in tiny_folder.glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        stored = dataset.pixel_array.copy()
        stored[:4] = -2000
        dataset.add_new("PixelPaddingValue", "SS", -2000)
        dataset.PixelData = stored.astype("<i2").tobytes()
        dataset.save_as(path)
    seen = draw_phantom(TINY).hu[:, 4:]
    told = json.loads(run(tiny_folder, "--json")[1])
    assert told["hu_mean"] == pytest.approx(seen.mean(), abs=1e-6) and told["hu_min"] == seen.min()


def test_the_nifti_lies_where_the_json_says(tmp_path: Path, tiny_folder: Path) -> None:
    code, out, _ = run(tiny_folder, "--json", "--nifti", tmp_path / "out.nii.gz")
    image = nibabel.load(tmp_path / "out.nii.gz")
    assert code == 0 and image.get_data_dtype() == np.int16
    assert np.diag([-1, -1, 1, 1]) @ image.affine == pytest.approx(np.array(json.loads(out)["affine_lps"]), abs=1e-4)
    assert np.array_equal(np.asarray(image.dataobj), draw_phantom(TINY).hu.transpose(2, 1, 0))


def test_a_refusal_is_told_in_the_same_form_with_exit_code_2(tiny_folder: Path) -> None:
    code, out, error = run(tiny_folder / "0001.dcm", "--json")
    told = json.loads(out)
    assert code == 2 and list(told) == KEYS
    assert told["refused"] == "a single slice is not a volume" and told["shape"] is None
    assert error == "twin: a single slice is not a volume\n"


def test_a_file_that_cannot_be_written_is_told_without_a_crash(tmp_path: Path, tiny_folder: Path) -> None:
    code, out, _ = run(tiny_folder, "--json", "--nifti", tmp_path / "no" / "such" / "out.nii")
    assert code == 2 and json.loads(out)["refused"] == "No such file or directory"


def test_another_ending_than_nii_is_refused(tmp_path: Path, tiny_folder: Path) -> None:
    code, _, error = run(tiny_folder, "--nifti", tmp_path / "out.mha")
    assert code == 2 and "must end in .nii" in error


def test_people_are_told_in_words_with_every_series(tmp_path: Path, tiny_folder: Path) -> None:
    more = Phantom(columns=32, pixel_mm=11.0, slices=8, slice_mm=5.0, lesions=(), patient_id="PHANTOM-8", seed=2)
    write_phantom(tmp_path / "both", more)
    shutil.copytree(tiny_folder, tmp_path / "both" / "tiny")
    code, out, _ = run(tmp_path / "both")
    lines = out.splitlines()
    assert code == 0 and lines[0] == "2 CT series here:"
    assert lines[1].split() == ["8", "files", more.series_uid, "Chest", "phantom"]
    assert lines[3] == "32 x 32 x 8 voxels of 11.000 x 11.000 x 5.000 mm (left, posterior, superior)"
    told = f"1 other CT series here left out: {TINY.series_uid} (6 images); the one with most images was taken"
    assert lines[-1] == f"beware: {told}, another must be named"
    named = run(tmp_path / "both", "--series", TINY.series_uid, "--nifti", tmp_path / "out.nii")[1].splitlines()
    assert named[3].startswith("32 x 32 x 6 voxels") and named[-1].startswith("written to ")


def test_a_nifti_is_read_as_well(tmp_path: Path) -> None:
    code, out, _ = run(save_nifti(tmp_path / "in.nii.gz", values(4, 5, 6)), "--json")
    assert code == 0 and json.loads(out)["shape"] == [4, 5, 6]


def test_a_volume_that_is_all_padding_has_no_range(tiny_folder: Path) -> None:
    for path in tiny_folder.glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        dataset.add_new("PixelPaddingValue", "SS", -2000)
        dataset.PixelData = np.full((32, 32), -2000, "<i2").tobytes()
        dataset.save_as(path)
    told = json.loads(run(tiny_folder, "--json")[1])
    assert (told["hu_min"], told["hu_max"], told["hu_mean"]) == (None, None, None)
    assert run(tiny_folder)[0] == 0
