"""Every score against `data/score_vectors.json`.

The vectors are the rows of the project's own clinical test vectors for the scores that exist; their `status` and
`source` say whether a value is a paper's example, an official calculator's output, or agreed on by two implementations.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from twin.scores.lines import answer_line

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "data" / "score_vectors.json").read_text("utf-8"))
ABSENT = [vector for vector in VECTORS if vector["expected"].get("absent")]
PRESENT = [vector for vector in VECTORS if not vector["expected"].get("absent")]


@pytest.mark.parametrize("vector", PRESENT, ids=lambda vector: vector["id"])
def test_answer_agrees_with_the_source_within_its_tolerance(vector: dict[str, Any]) -> None:
    answer = answer_line(vector)
    assert answer["absent"] is None
    for key, expected in vector["expected"].items():
        assert answer["outputs"][key] == pytest.approx(expected, rel=0, abs=vector["tolerance"].get(key, 0)), key
    assert answer["caution"] is vector.get("caution", False)


@pytest.mark.parametrize("vector", ABSENT, ids=lambda vector: vector["id"])
def test_refusal_names_its_reason_and_gives_no_value(vector: dict[str, Any]) -> None:
    answer = answer_line(vector)
    assert answer["absent"] == vector["absent_reason"]
    assert answer["outputs"] == {}
    assert answer["category"] is None
