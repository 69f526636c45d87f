"""Which results of a file carry the same name, though their content differs?

Rows without a number of their own are named by patient, code, time and specimen. Where two rows of one file have the
same name and other content, either a version or status tells which one stands now, or both are results in their own
right: then neither may pass for a correction of the other.
"""

from array import array
from collections.abc import Iterable, Mapping

import numpy as np

from twin.errors import TooLarge

MAX_ROWS = 20_000_000  # 24 bytes a row are held in memory
_MASK = 2**64 - 1
Standing = Mapping[int, float | None]
"""Hash of a name that stands more than once to the rank of the version that stands now; None: they are no versions."""

RANKS = {
    "registered": 0.0, "preliminary": 1.0, "partial": 1.0, "final": 2.0, "amended": 3.0, "corrected": 3.0,
    "appended": 3.0, "cancelled": 4.0, "entered-in-error": 4.0,
}  # fmt: skip
"""In which order the states of a result follow one another (HL7 observation-status); others count as final."""


def survey(rows: Iterable[tuple[str, str, float]]) -> Standing:
    """Return the names that stand more than once with other content, from each row's name, content and rank.

    Raises:
        TooLarge: more rows than are held in memory.
    """
    names, contents, ranks = array("Q"), array("Q"), array("d")
    for name, content, rank in rows:
        names.append(hash(name) & _MASK)
        contents.append(hash(content) & _MASK)
        ranks.append(rank)
        if len(names) > MAX_ROWS:
            raise TooLarge(
                f"more than {MAX_ROWS:,} rows without a number of their own: name it (`row`), or split the file"
            )
    if len(names) < 2:
        return {}
    by_name, by_content, by_rank = np.asarray(names), np.asarray(contents), np.asarray(ranks)
    order = np.lexsort((by_rank, by_content, by_name))
    by_name, by_content, by_rank = by_name[order], by_content[order], by_rank[order]
    distinct = np.ones(len(by_name), dtype=bool)
    distinct[1:] = (by_name[1:] != by_name[:-1]) | (by_content[1:] != by_content[:-1]) | (by_rank[1:] != by_rank[:-1])
    by_name, by_rank = by_name[distinct], by_rank[distinct]
    again = np.unique(by_name[1:][by_name[1:] == by_name[:-1]])
    begin, end = np.searchsorted(by_name, again, "left"), np.searchsorted(by_name, again, "right")
    return {
        int(name): _standing(by_rank[first:last].tolist()) for name, first, last in zip(again, begin, end, strict=True)
    }


def state(standing: Standing, name: str, rank: float) -> str:
    """Return whether a row's name is its own (`own`), an earlier version (`earlier`), or one of several (`shared`)."""
    if not standing:
        return "own"
    hashed = hash(name) & _MASK
    if hashed not in standing:
        return "own"
    latest = standing[hashed]
    if latest is None:
        return "shared"
    return "own" if rank >= latest else "earlier"


def _standing(ranks: list[float]) -> float | None:
    return max(ranks) if len(set(ranks)) == len(ranks) else None
