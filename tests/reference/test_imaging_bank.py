"""The bank against the annotated nodules themselves: what `twin ct match` writes, and are patients kept apart?"""

import csv
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from imaging.bank.models import FOLDER
from twin.cli import app

pytestmark = pytest.mark.shared_data

MANY = 36
RUNNER = CliRunner()
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def rows(shared_data: Path) -> Rows:
    """Every 19th nodule of the table."""
    with (shared_data / "ct" / "nodules_lidc_voi" / "nodules.csv").open(encoding="utf-8") as table:
        return list(csv.DictReader(table))[::19][:MANY]


def asked(folder: Path, source: Path, rows: Rows) -> dict[str, dict[str, str]]:
    """Return the rows that `twin ct match` writes for these, by case."""
    folder.mkdir()
    for part in ("image", "mask"):
        (folder / part).symlink_to(source / part)
    with (folder / "nodules.csv").open("w", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    out = folder / "out.csv"
    run = RUNNER.invoke(app, ["ct", "match", "--cases", str(folder), "--out", str(out)])
    assert run.exit_code == 0, run.output
    with out.open(encoding="utf-8") as table:
        return {row["case"]: row for row in csv.DictReader(table)}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, shared_data: Path, rows: Rows) -> dict[str, dict[str, str]]:
    return asked(tmp_path_factory.mktemp("bank") / "whole", shared_data / "ct" / "nodules_lidc_voi", rows)


def test_the_table_has_its_columns_and_every_case(told: dict[str, dict[str, str]], rows: Rows) -> None:
    assert set(told) == {row["file"].removesuffix(".nii.gz") for row in rows}
    assert list(next(iter(told.values()))) == [
        "case", "p_suspicious", "p_solid", "p_calcified", "unknown", *(f"neighbour_{n}" for n in range(1, 6)),
    ]  # fmt: skip


def test_no_neighbour_is_of_the_same_patient(told: dict[str, dict[str, str]]) -> None:
    for case, row in told.items():
        assert not [n for n in range(1, 6) if row[f"neighbour_{n}"].split("_")[0] == case.split("_")[0]]


def test_only_the_file_and_the_centre_are_read_in_any_order(
    told: dict[str, dict[str, str]], rows: Rows, shared_data: Path, tmp_path: Path
) -> None:
    kept = {"file", "coordX", "coordY", "coordZ"}
    blank = [{name: value if name in kept else "" for name, value in row.items()} for row in reversed(rows)]
    assert asked(tmp_path / "blank", shared_data / "ct" / "nodules_lidc_voi", blank) == told


def test_a_case_alone_gets_the_same_digits(
    told: dict[str, dict[str, str]], rows: Rows, shared_data: Path, tmp_path: Path
) -> None:
    alone = asked(tmp_path / "alone", shared_data / "ct" / "nodules_lidc_voi", rows[7:8])
    case, row = next(iter(alone.items()))
    assert row == told[case]


def test_the_held_out_predictions_on_the_card_are_what_the_command_writes(told: dict[str, dict[str, str]]) -> None:
    with (FOLDER / "held_out.csv").open(encoding="utf-8") as table:
        stored = {row["case"]: row for row in csv.DictReader(table)}
    for case, row in told.items():
        for name in ("p_suspicious", "p_solid", "p_calcified"):
            assert float(row[name]) == pytest.approx(float(stored[case][name]), abs=2e-4)


def test_held_out_predictions_rank_better_than_size_alone(shared_data: Path) -> None:
    with (shared_data / "ct" / "nodules_lidc_voi" / "nodules.csv").open(encoding="utf-8") as table:
        truth = {row["file"].removesuffix(".nii.gz"): row for row in csv.DictReader(table)}
    with (FOLDER / "held_out.csv").open(encoding="utf-8") as table:
        stored = list(csv.DictReader(table))
    decided = [row for row in stored if truth[row["case"]]["Malignancy_value"] != "3"]
    high = np.array([int(truth[row["case"]]["Malignancy_value"]) >= 4 for row in decided])
    size = np.array([float(truth[row["case"]]["diameter_mm"]) for row in decided])
    assert area(np.array([float(row["p_suspicious"]) for row in decided]), high) > max(0.935, area(size, high))
    solid = np.array([int(truth[row["case"]]["Texture_value"]) >= 4 for row in stored])
    assert area(np.array([float(row["p_solid"]) for row in stored]), solid) > 0.94
    calcified = np.array([truth[row["case"]]["Calcification_value"] != "6" for row in stored])
    assert area(np.array([float(row["p_calcified"]) for row in stored]), calcified) > 0.98


def area(score: np.ndarray, truth: np.ndarray) -> float:
    """The share of pairs in the right order, ties counted half; by comparing every pair."""
    above = score[truth][:, None] - score[~truth][None]
    return float((above > 0).mean() + (above == 0).mean() / 2)
