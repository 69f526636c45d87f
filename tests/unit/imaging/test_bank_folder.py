"""`twin ct match` on a folder of drawn lumps: what it writes, and what it says of files it cannot use."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from typer.testing import CliRunner

from imaging.bank.folder import read_cut_out, rows_of
from imaging.errors import ImagingError, NoImages, NotAVolume
from twin.cli import app

RUNNER = CliRunner()


def put(folder: Path, name: str, radius: int = 5, hu: int = 40) -> None:
    z, y, x = np.indices((2 * radius + 1, 50, 50))
    mask = (z - radius) ** 2 + (y - 25) ** 2 + (x - 25) ** 2 <= radius**2
    for part, array in (("image", np.where(mask, hu, -850).astype(np.int16)), ("mask", mask.astype(np.uint8))):
        (folder / part).mkdir(exist_ok=True, parents=True)
        sitk.WriteImage(sitk.GetImageFromArray(array), str(folder / part / name))


def table(folder: Path, names: list[str]) -> None:
    rows = "".join(f"{name},25,25,5\n" for name in names)
    (folder / "nodules.csv").write_text(f"file,coordX,coordY,coordZ\n{rows}")


def matched(folder: Path, *options: str) -> tuple[int, str, list[dict[str, str]]]:
    out = folder / "out.csv"
    run = RUNNER.invoke(app, ["ct", "match", "--cases", str(folder), "--out", str(out), *options])
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines())) if out.is_file() else []
    return run.exit_code, run.output, rows


def test_each_lump_gets_a_row_in_the_tables_order(tmp_path: Path) -> None:
    put(tmp_path, "soft.nii.gz")
    put(tmp_path, "hard.nii.gz", radius=4, hu=900)
    table(tmp_path, ["hard.nii.gz", "soft.nii.gz"])
    code, _, rows = matched(tmp_path)
    assert code == 0
    assert [row["case"] for row in rows] == ["hard", "soft"]
    assert float(rows[0]["p_calcified"]) > 0.5 > float(rows[1]["p_calcified"])
    assert all(row["unknown"] in ("true", "false") and row["neighbour_5"] for row in rows)


def test_a_lump_that_cannot_be_read_is_named_with_its_reason_and_the_others_are_matched(tmp_path: Path) -> None:
    put(tmp_path, "good.nii.gz")
    put(tmp_path, "torn.nii.gz")
    (tmp_path / "image" / "torn.nii.gz").write_bytes(b"not an image")
    table(tmp_path, ["torn.nii.gz", "good.nii.gz", "gone.nii.gz"])
    code, output, rows = matched(tmp_path, "--json")
    assert code == 1
    assert [row["case"] for row in rows] == ["good"]
    told = json.loads(output[output.index("{") :])
    assert [one["case"] for one in told["refused"]] == ["torn", "gone"]
    assert str(tmp_path) not in json.dumps(told["refused"])


def test_a_folder_without_a_table_is_refused(tmp_path: Path) -> None:
    code, output, rows = matched(tmp_path)
    assert (code, rows) == (2, [])
    assert "nodules.csv" in output


@pytest.mark.parametrize("line", ["../../etc/passwd,1,2,3", ",1,2,3", "a.nii.gz,1,2,", "a.nii.gz,1,nan,3"])
def test_a_row_without_a_plain_file_name_and_a_centre_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "nodules.csv").write_text(f"file,coordX,coordY,coordZ\n{line}\n")
    with pytest.raises(NotAVolume, match="line 2"):
        rows_of(tmp_path)


def test_an_empty_mask_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "a.nii.gz")
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((11, 50, 50), np.uint8)), str(tmp_path / "mask" / "a.nii.gz"))
    with pytest.raises(NotAVolume, match="empty"):
        read_cut_out(tmp_path, "a.nii.gz", (25, 25, 5))


def test_a_mask_of_another_shape_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "a.nii.gz")
    sitk.WriteImage(sitk.GetImageFromArray(np.ones((3, 50, 50), np.uint8)), str(tmp_path / "mask" / "a.nii.gz"))
    with pytest.raises(NotAVolume, match="differ"):
        read_cut_out(tmp_path, "a.nii.gz", (25, 25, 5))


def test_a_picture_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoImages):
        read_cut_out(tmp_path, "a.nii.gz", (0, 0, 0))


def test_of_a_mask_in_pieces_the_one_at_the_centre_is_taken(tmp_path: Path) -> None:
    put(tmp_path, "a.nii.gz")
    drawn = np.zeros((11, 50, 50), np.uint8)
    drawn[4:7, 24:27, 24:27] = drawn[0:3, 2:5, 2:5] = 1
    sitk.WriteImage(sitk.GetImageFromArray(drawn), str(tmp_path / "mask" / "a.nii.gz"))
    assert read_cut_out(tmp_path, "a.nii.gz", (25, 25, 5)).mask.sum() == 27
    assert read_cut_out(tmp_path, "a.nii.gz", (3, 3, 1)).mask[1, 3, 3]


def test_a_broken_picture_is_refused_without_naming_its_folder(tmp_path: Path) -> None:
    put(tmp_path, "a.nii.gz")
    (tmp_path / "image" / "a.nii.gz").write_bytes(b"\x1f\x8b broken")
    with pytest.raises(ImagingError) as caught:
        read_cut_out(tmp_path, "a.nii.gz", (25, 25, 5))
    assert str(tmp_path) not in str(caught.value)
