"""What UCUM unit a source's spelling stands for, before anyone asks whether it belongs to the analyte.

`data/unit_spellings.csv` has three scopes. `exact`: the whole text, its case matters (`G/L`). `whole`: the whole text,
its case does not. `part`: one side of a `/` or `.`, its case does not (`毫摩尔`, `MCL`). Powers of ten are read by
rule. A text that stands in no row is handed on as it came.
"""

import csv
import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from twin.record.units.ucum import LONGEST

_BLANKS = re.compile(r"\s+")
_PER = re.compile(r"\s+per\s+", re.IGNORECASE)
_RAISED = re.compile(r"([⁺⁻]?)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_PLAIN_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_ONE_SIGN = str.maketrans({"µ": "u", "μ": "u", "×": "x", "✕": "x", "·": ".", "⋅": ".", "•": ".", "−": "-", "–": "-"})
# x10^9, 10E9, 10**9, 10x9, X10^9, *10^9, 10hoch9, 10exp9; a bare 109 is a number, not a power
_POWER = re.compile(r"^[x*.]?10(?:\^|\*\*?|x|e|exp|hoch|\*\^)\+?(\d{1,2})(?=$|[/.{a-z])", re.IGNORECASE)


@cache
def spellings() -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Every row of the table: (scope, text) to the UCUM units it may stand for, most likely first."""
    table = (files("twin.record") / "data" / "unit_spellings.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(table.splitlines())
    return MappingProxyType({(row["scope"], row["text"]): tuple(row["ucum"].split(";")) for row in rows})


def readings(text: str) -> tuple[str, ...]:
    """Return the UCUM units that `text` may stand for, most likely first: one, as a rule.

    Example:
        >>> readings("×10⁹/L"), readings("MG/DL"), readings("微摩尔/升")
        (('10*9/L',), ('mg/dL',), ('umol/L',))
    """
    if len(text) > LONGEST:
        return ()
    squeezed = _squeezed(text)
    table = spellings()
    found = table.get(("exact", squeezed)) or table.get(("whole", squeezed.lower()))
    if found is not None:
        return found
    repaired = _by_parts(_POWER.sub(r"10*\1", squeezed))
    return table.get(("whole", repaired.lower())) or (repaired,)


def _squeezed(text: str) -> str:
    """One sign for one meaning (micro, times, raised digits, full width), and no blanks."""
    plain = _RAISED.sub(_lowered, _PER.sub("/", text.strip()).translate(_ONE_SIGN))
    return _BLANKS.sub("", unicodedata.normalize("NFKC", plain)).translate(_ONE_SIGN)


def _lowered(raised: re.Match[str]) -> str:
    """`10⁹` becomes `10^9`, `m²` becomes `m2`."""
    before = raised.string[: raised.start()]
    return ("^" if before.endswith("10") else "") + raised.group().translate(_PLAIN_DIGITS)


def _by_parts(text: str) -> str:
    """Spell every part between `/`, `.` and brackets as UCUM does; what stands in curly braces is left as it is."""
    table = spellings()
    pieces = re.split(r"(\{[^{}]*\}|[/.()])", text)
    return "".join(table.get(("part", piece.lower()), (piece,))[0] for piece in pieces)
