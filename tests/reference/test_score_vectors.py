"""Every formula against `data/score_vectors.json`, through the command that answers lines.

The vectors are the project's own clinical test vectors (QRISK3 left out: its licence); their `status` and `source` say
whether a value is a paper's example, an official calculator's output, or agreed on by two implementations.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from twin.answering import everything
from twin.cli import app

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "data" / "score_vectors.json").read_text("utf-8"))
ABSENT = [vector for vector in VECTORS if vector["expected"].get("absent")]
PRESENT = [vector for vector in VECTORS if not vector["expected"].get("absent")]
# Written from one source or from memory, without a test number of their own; their traps have tests in tests/unit
WITHOUT_VECTORS = {
    "ast_alt_ratio", "malbi", "mayo_pbc_survival", "mayo_pbc_updated", "liver_risk_alleles", "prs_hfc", "cha2ds2_va",
    "prs_percentile", "brock_parsimonious_spiculation", "ngsp", "clungrads",
}  # fmt: skip


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The answer to every vector by its id."""
    file = tmp_path_factory.mktemp("vectors") / "vectors.jsonl"
    file.write_text("\n".join(json.dumps(vector) for vector in VECTORS), encoding="utf-8")
    ran = CliRunner().invoke(app, ["score", "--jsonl", str(file)])
    assert ran.exit_code == 0
    told = [json.loads(line) for line in ran.stdout.splitlines()]
    return {vector["id"]: answer for vector, answer in zip(VECTORS, told, strict=True)}


@pytest.mark.parametrize("vector", PRESENT, ids=lambda vector: vector["id"])
def test_answer_agrees_with_the_source_within_its_tolerance(
    vector: dict[str, Any], answers: dict[str, dict[str, Any]]
) -> None:
    answer = answers[vector["id"]]
    assert answer["absent"] is None
    for key, expected in vector["expected"].items():
        tolerance = vector["tolerance"].get(key)
        exact = pytest.approx(expected, rel=0, abs=tolerance) if tolerance is not None else expected
        assert answer["outputs"][key] == exact, key
    assert answer["caution"] is vector.get("caution", False)


@pytest.mark.parametrize("vector", ABSENT, ids=lambda vector: vector["id"])
def test_refusal_names_its_reason_and_gives_no_value(
    vector: dict[str, Any], answers: dict[str, dict[str, Any]]
) -> None:
    answer = answers[vector["id"]]
    assert answer["absent"] == vector["absent_reason"]
    assert answer["outputs"] == {}
    assert answer["category"] is None


def test_no_formula_stands_without_a_vector_unnoticed() -> None:
    assert {entry.key for entry in everything()} - {vector["score"] for vector in VECTORS} == WITHOUT_VECTORS


def test_what_the_vectors_call_a_single_source_is_not_called_verified() -> None:
    doubtful = {vector["score"] for vector in VECTORS if vector["status"] == "single_source"}
    assert not [entry.key for entry in everything() if entry.key in doubtful and entry.verification == "verified"]
