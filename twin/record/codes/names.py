"""Which signal a laboratory's own name or short code means: only names that leave no doubt.

`names.csv` has whole names, compared without case, blanks and punctuation. Some mean the signal only in its usual
units: `WBC` in 10*9/L is blood, in /uL it may be urine. What could mean two things (`GLU`) stands in no row.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType

from twin.record.codes.rows import rows
from twin.record.codes.systems import is_local
from twin.record.fact import Coding
from twin.record.units.spelling import readings

_NOISE = re.compile(r"[\s\-_,.:;/()\[\]*'\"·、，。（）【】]+")


def signal_by_name(coding: Coding, unit: str | None) -> str | None:
    """Return the signal of a local code or of plain words, by the code first and then by its name."""
    if not is_local(coding.system):
        return None
    return _named(coding.code, unit or "") or _named(coding.display, unit or "")


@lru_cache(maxsize=65_536)
def _named(name: str, unit: str) -> str | None:
    found = _names().get(normal(name))
    if found is None:
        return None
    signal, only_in = found
    return signal if not only_in or only_in & {unit.strip(), *readings(unit)} else None


def normal(name: str) -> str:
    """Return a name as it is compared: full width as half, lower case, no blanks or punctuation."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", name)).lower()


@cache
def _names() -> Mapping[str, tuple[str, frozenset[str]]]:
    return MappingProxyType(
        {
            normal(name): (row["signal"], frozenset(row["only_in"].split(";")) - {""})
            for row in rows("names.csv")
            for name in row["names"].split(";")
        }
    )
