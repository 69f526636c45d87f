"""The guidelines' tables that turn measurements into a class or an action, one a file, in display order."""

from collections.abc import Mapping
from types import MappingProxyType

from twin.errors import UnknownKey
from twin.organs.rule_tables.cac_drs import TABLE as CAC_DRS
from twin.organs.rule_tables.clungrads import TABLE as CLUNGRADS
from twin.organs.rule_tables.fleischner2017 import TABLE as FLEISCHNER2017
from twin.organs.rule_tables.kdigo import TABLE as KDIGO
from twin.organs.rule_tables.lungrads2022 import TABLE as LUNGRADS2022
from twin.scores import SCORES
from twin.scores.base import Score

RULE_TABLES: tuple[Score, ...] = (
    KDIGO,
    CAC_DRS,
    FLEISCHNER2017,
    LUNGRADS2022,
    CLUNGRADS,
)

_BY_KEY: Mapping[str, Score] = MappingProxyType({entry.key: entry for entry in (*SCORES, *RULE_TABLES)})


def score_or_table(key: str) -> Score:
    """Return a published equation or a guideline's table, which is asked in the same way.

    Raises:
        UnknownKey: there is neither.
    """
    try:
        return _BY_KEY[key]
    except KeyError:
        raise UnknownKey(f"no score or table {key!r}") from None
