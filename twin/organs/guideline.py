"""The guideline rules as data: rows of `rules/rules.csv`; their grammar stands at the top of `formulas.md`."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from io import StringIO
from types import MappingProxyType
from typing import get_args, get_type_hints

from twin.errors import UnknownKey
from twin.organs.base import House, Rule

RULES_VERSION = "2026-11.3"
"""Version of the table; stands on every trigger a rule raised."""

_STATUSES = get_args(get_type_hints(Rule)["status"])
_PRIORITIES = get_args(get_type_hints(Rule)["priority"])
_HOUSE = frozenset(get_args(House))


@cache
def rules() -> Mapping[str, Rule]:
    """Every rule by its id."""
    text = (files("twin.organs") / "rules" / "rules.csv").read_text(encoding="utf-8")
    return MappingProxyType({row["rule_id"]: _rule(row) for row in csv.DictReader(StringIO(text))})


def rule(rule_id: str) -> Rule:
    """Return one rule.

    Raises:
        UnknownKey: there is none of this id.
    """
    try:
        return rules()[rule_id]
    except KeyError:
        raise UnknownKey(f"no rule {rule_id!r}") from None


def _rule(row: Mapping[str, str]) -> Rule:
    if row["status"] not in _STATUSES or row["priority"] not in _PRIORITIES:
        raise ValueError(f"rules.csv: {row['rule_id']} is {row['status']!r}, {row['priority']!r}")
    house = tuple(row["house"].split())
    if not set(house) <= _HOUSE:
        raise ValueError(f"rules.csv: {row['rule_id']} names {row['house']!r} as a house value")
    return Rule(
        rule_id=row["rule_id"],
        population=row["population"],
        exclusions=row["exclusions"],
        trigger=row["trigger"],
        action=row["action"],
        interval_min_months=_months(row["interval_min_months"]),
        interval_max_months=_months(row["interval_max_months"]),
        priority=row["priority"],  # type: ignore[arg-type]  # checked above
        closes_with=row["closes_with"],
        source=row["source"],
        edition=row["edition"],
        status=row["status"],  # type: ignore[arg-type]  # checked above
        note=row["note"],
        house=house,  # type: ignore[arg-type]  # checked above
    )


def _months(cell: str) -> float | None:
    return float(cell) if cell.strip() else None
