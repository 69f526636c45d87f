"""Everything that can be asked by name: published equations, guideline tables, and the formulas of images."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from twin.errors import UnknownKey
from twin.organs.rule_tables import RULE_TABLES
from twin.scores import SCORES
from twin.scores.base import Score

_BY_KEY: Mapping[str, Score] = MappingProxyType({entry.key: entry for entry in (*SCORES, *RULE_TABLES)})


@cache
def of_images() -> tuple[Score, ...]:
    """Return the formulas of images, loaded on first use: with them comes all that measures, in a second or two."""
    from twin.answering.image_formulas import IMAGE_FORMULAS

    return IMAGE_FORMULAS


def everything() -> tuple[Score, ...]:
    """Return all of them, in display order."""
    return (*SCORES, *RULE_TABLES, *of_images())


def formula(key: str) -> Score:
    """Return one of them.

    Raises:
        UnknownKey: there is none of this key.
    """
    found = _BY_KEY.get(key) or next((entry for entry in of_images() if entry.key == key), None)
    if found is None:
        raise UnknownKey(f"no score {key!r}")
    return found
