"""Which results of a file carry the same name, though their content differs?

Rows without a number of their own are named by patient, code, time and specimen. Where two rows of one file have the
same name and other content, either a version or status tells which one stands now, or both are results in their own
right: then neither may pass for a correction of the other.
"""

from array import array
from collections.abc import Callable, Iterable, Mapping

from twin.errors import TooLarge

MAX_ROWS = 40_000_000  # rows without a number of their own in one file; 8 bytes of each are held in memory
MAX_REPEATED = 2_000_000  # names that stand more than once in one file
_MASK = 2**64 - 1
Standing = Mapping[int, float | None]
"""Hash of a name that stands more than once to the rank of the version that stands now; None: they are no versions."""

RANKS = {
    "registered": 0.0, "preliminary": 1.0, "partial": 1.0, "final": 2.0, "amended": 3.0, "corrected": 3.0,
    "appended": 3.0, "cancelled": 4.0, "entered-in-error": 4.0,
}  # fmt: skip
"""In which order the states of a result follow one another (HL7 observation-status); others count as final."""


def survey(names: Iterable[str], versions: Callable[[frozenset[int]], Iterable[tuple[str, str, float]]]) -> Standing:
    """Return the names that stand more than once with other content.

    `names` are those of all rows, one after the other; `versions`, asked only where some stand more than once, gives of
    the rows with these hashes of names the name, the content and the rank.

    Raises:
        TooLarge: more rows than are held in memory.
    """
    hashes = array("Q")
    for name in names:
        hashes.append(hash(name) & _MASK)
        if len(hashes) > MAX_ROWS:
            raise TooLarge(
                f"more than {MAX_ROWS:,} rows without a number of their own: split the file, or name a `row`"
            )
    import numpy as np  # which no process loads that reads no table

    ordered = np.frombuffer(hashes, dtype=np.uint64)
    ordered.sort()
    again = frozenset(np.unique(ordered[1:][ordered[1:] == ordered[:-1]]).tolist())
    if len(again) > MAX_REPEATED:
        raise TooLarge(f"more than {MAX_REPEATED:,} names of rows stand more than once: name a `row`, or a `specimen`")
    met: dict[int, set[tuple[int, float]]] = {}
    for name, content, rank in versions(again) if again else ():
        met.setdefault(hash(name) & _MASK, set()).add((hash(content), rank))
    return {hashed: _standing([rank for _, rank in found]) for hashed, found in met.items() if len(found) > 1}


def is_among(name: str, hashes: frozenset[int]) -> bool:
    """True where a name is one of these."""
    return hash(name) & _MASK in hashes


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
