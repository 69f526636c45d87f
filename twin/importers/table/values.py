"""What does the text of a result say: a number with its comparator, words, or nothing?"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Literal, NamedTuple

from twin.importers.table.spec import ValuesSpec

_NUMBER = re.compile(r"^([<>]=?|=)?\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?)$", re.ASCII)
_SIGNS = {"≤": "<=", "≥": ">=", "≦": "<=", "≧": ">=", "⩽": "<=", "⩾": ">="}
_REMEMBERED = 65_536


class Reading(NamedTuple):
    """A result as a fact keeps it; the digits are those received."""

    kind: Literal["number", "text", "none"]
    value: str | None = None
    comparator: str | None = None


NOTHING = Reading("none")
ReadValue = Callable[[str], Reading]


def reader(spec: ValuesSpec) -> ReadValue:
    """Return what reads the text of a result by the mapping's rules.

    `12.50`, `<0.01`, `≥ 100`, `5.6↑` (a flag the mapping names) are numbers; `0-2`, `1+`, `阴性` are text.
    """
    absent = frozenset(spec.absent)
    words = tuple(sorted(spec.comparators.items(), key=lambda pair: -len(pair[0])))
    flags = tuple(sorted(spec.flags, key=len, reverse=True))

    @lru_cache(maxsize=_REMEMBERED)
    def read(text: str) -> Reading:
        stated = text.strip()
        if not stated or stated in absent:
            return NOTHING
        plain = _plain(stated, words)
        return (
            _number(plain, spec.decimal) or _number(_unflagged(plain, flags), spec.decimal) or Reading("text", stated)
        )

    return read


def _plain(text: str, words: tuple[tuple[str, str], ...]) -> str:
    """Full-width digits and signs as plain ones, a comparator in words as its sign."""
    plain = unicodedata.normalize("NFKC", text) if not text.isascii() else text
    for sign, ours in _SIGNS.items():
        plain = plain.replace(sign, ours)
    for word, ours in words:
        if plain[: len(word)].casefold() == word.casefold():
            return ours + plain[len(word) :].lstrip()
    return plain


def _unflagged(text: str, flags: tuple[str, ...]) -> str:
    return next((text[: -len(flag)].rstrip() for flag in flags if text.endswith(flag)), "")


def _number(text: str, decimal: str) -> Reading | None:
    match = _NUMBER.match(
        text.replace(",", ".") if decimal == "," and text.count(",") == 1 and "." not in text else text
    )
    if match is None:
        return None
    comparator = match[1] if match[1] != "=" else None
    return Reading("number", match[2], comparator)
