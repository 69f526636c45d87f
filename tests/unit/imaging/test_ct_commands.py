"""What `twin ct screen` and `twin ct measure` tell people and programs: every warning, human units, no false clean."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from imaging.phantom import Phantom, write_phantom
from tests.unit.imaging.conftest import TINY
from tests.unit.imaging.test_ct_series import change, setting
from twin.cli.ct import app
from twin.cli.ct.wording import number, rounded, unit_name


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [*map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def cut_folder(tiny_folder: Path) -> Path:
    """A series whose last file is cut short."""
    (tiny_folder / "0006.dcm").write_bytes((tiny_folder / "0006.dcm").read_bytes()[:1500])
    return tiny_folder


def test_screening_tells_every_warning(cut_folder: Path) -> None:
    code, out, _ = run("screen", cut_folder)
    assert code == 0 and "beware: 0006.dcm is not readable and was left out" in out.splitlines()


def test_what_was_not_screened_does_not_look_clean(tmp_path: Path) -> None:
    write_phantom(tmp_path, Phantom(columns=32, pixel_mm=11.0, slices=2, slice_mm=5.0, lesions=(), patient_id="P"))
    for path in tmp_path.glob("*.dcm"):
        change(path, setting(PixelData=(path.stat().st_size % 1 + 1000).to_bytes(2, "little") * 32 * 32))
    code, out, _ = run("screen", tmp_path)
    lines = out.splitlines()
    assert code == 0 and lines[0] == "NOT SCREENED: nothing is known of this scan"
    assert "0 regions" not in out and any("nothing was screened" in line for line in lines)


def test_measuring_tells_warnings_beside_the_json(cut_folder: Path) -> None:
    code, out, err = run("measure", cut_folder, "--json")
    assert code == 0 and isinstance(json.loads(out), list)
    assert "twin: beware: 0006.dcm is not readable and was left out" in err.splitlines()
    text = run("measure", cut_folder)[1]
    assert "beware: 0006.dcm is not readable and was left out" in text.splitlines()
    assert "[hnsf'U]" not in text and "{score}" not in text


@pytest.mark.parametrize("command", ["screen", "measure", "read"])
def test_the_series_that_is_meant_can_be_named(tiny_folder: Path, command: str) -> None:
    code, out, err = run(command, tiny_folder, "--series", "1.2.3", "--json")
    assert code == 2 and "not here" in str(json.loads(out)["refused"]) and "not here" in err
    assert run(command, tiny_folder, "--series", TINY.series_uid)[0] == 0


def test_numbers_are_told_to_the_digit_their_uncertainty_leaves() -> None:
    assert number(49.12345678, 1.7) == "49.1 ± 1.7"
    assert number(0.0712345, None) == "0.0712345"
    assert rounded(-912.3456789012345, 12.0) == -912.3
    assert rounded(123.456789012345, None) == 123.457
    assert [unit_name(unit) for unit in ("[hnsf'U]", "{score}", "mm3", "%")] == ["HU", "", "mm³", "%"]
