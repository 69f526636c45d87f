"""A report says no reason that the list of reasons does not explain."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from twin.importers.reasons import REASONS
from twin.importers.report import QUARANTINED, Report, Tally

ROOT = Path(__file__).parents[2]
SOURCES = [*(ROOT / "twin" / "importers").rglob("*.py"), ROOT / "twin" / "taking.py", ROOT / "twin" / "whose.py",
           *(ROOT / "twin" / "scan").rglob("*.py"), ROOT / "twin" / "imports.py",
           ROOT / "twin" / "quarantine.py"]  # fmt: skip
_WORD = re.compile(r"[a-z]+(_[a-z]+)*")
_REFUSALS = ("Reject", "Refused", "refused", "_refused", "reject", "NotAFact")


def said() -> Iterator[str]:
    """Every word that stands as the reason of a refusal in the code."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                named = [each.value for each in node.keywords if each.arg == "reason"]
                places = named or (node.args if name in _REFUSALS else [])
                if name in _REFUSALS or (named and name == "Absent"):
                    words = (each.value for each in places if isinstance(each, ast.Constant))
                    yield from (word for word in words if isinstance(word, str) and _WORD.fullmatch(word))


def test_every_reason_in_the_code_is_explained() -> None:
    found = set(said())
    assert len(found) > 15
    assert sorted(found - REASONS.keys()) == []


@pytest.mark.parametrize("word", REASONS)
def test_a_reason_is_one_word_with_what_it_means_and_what_mends_it(word: str) -> None:
    means, mended_by = REASONS[word]
    assert _WORD.fullmatch(word) and means and mended_by


def test_reasons_that_speak_of_one_value_are_among_them() -> None:
    assert REASONS.keys() >= QUARANTINED


def test_every_field_of_a_report_is_in_the_data_dictionary() -> None:
    page = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    told: Report = Tally(recalls={"r"}, rejects_left_out=1).report(1)
    assert [name for name in told.to_json() if f"| `{name}` |" not in page] == []
