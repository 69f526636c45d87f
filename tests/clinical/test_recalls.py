"""Which visits must ask somebody to come back: `recalls.txt`, read as a clinician reads it."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.policy import Policy
from tests.unit.forecast.timelines import NOW, ago, history_of, table, timeline
from twin import snapshot, watch
from twin.organs import ORGANS

RULES = {threshold.rule.rule_id for organ in ORGANS for threshold in organ.thresholds}
TABLES = ("KD-G1-", "KD-G2-", "KD-G3a-", "KD-G3b-", "KD-G4-", "KD-G5-", "FL17-", "AAA-ESC-", "AAA-SVS-", "TAA-")
"""Rows of one table of a guideline: every cell is tried in `tests/unit/organs/test_rules.py`."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One patient, the visits, and after which of them a rule must speak."""

    title: str
    sex: str
    age: float
    conditions: tuple[str, ...]
    values: str
    months_ago: tuple[float, ...]
    rule: str
    marks: tuple[str, ...]


def cases() -> list[Case]:
    text = (Path(__file__).parent / "recalls.txt").read_text(encoding="utf-8")
    found = []
    title = ""
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line.strip() and not line.startswith("#")]
        if not lines:
            continue
        if not lines[0].startswith("who "):
            title = lines.pop(0)
        _, sex, age, *conditions = lines[0].split()
        rule, *marks = lines[-1].split()
        months = tuple(float(cell) for cell in lines[1].split()[1:])
        found.append(
            Case(
                title=title, sex=sex, age=float(age), conditions=tuple(conditions), values="\n".join(lines[1:-1]),
                months_ago=months, rule=rule, marks=tuple(marks),
            )
        )  # fmt: skip
    return found


def spoken(case: Case) -> tuple[str, ...]:
    """Return ^ for each visit after which the rule asks, as known that day; . for the others."""
    facts = (*table(case.values), *history_of(*case.conditions, months=case.months_ago[0] + 1))
    born = (NOW - timedelta(days=case.age * 365.25)).date()
    marks = []
    for months in case.months_ago:
        known = timeline(
            [fact for fact in facts if fact.known_at <= ago(months)], as_of=ago(months), sex=case.sex, born=born
        )
        decided = watch.decide(snapshot.build(known, now=ago(months)), Policy())
        marks.append("^" if any(trigger.rule_id == case.rule for trigger in decided.triggers) else ".")
    return tuple(marks)


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.rule}: {case.title}")
def test_a_rule_speaks_after_the_marked_visits_and_no_others(case: Case) -> None:
    assert len(case.marks) == len(case.months_ago)
    assert " ".join(spoken(case)) == " ".join(case.marks)


def test_every_rule_of_an_organ_has_a_case_or_its_table_is_tried_whole() -> None:
    tried = {case.rule for case in cases()}
    assert tried <= RULES
    assert {rule for rule in RULES - tried if not rule.startswith(TABLES)} == set()
