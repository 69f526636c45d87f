"""How is a person's name read, whoever wrote it: `Wang^Li`, `Wang, Li`, `Li Wang`, `王丽`, `O’Brien-Smith, Mary A.`?

Case, accents, apostrophes, punctuation and titles are spelling, not identity. Chinese characters are compared as they
are; a name in characters and one in letters can't be compared, because many characters share one romanisation.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

NameLevel = Literal["same", "close", "initial", "swapped", "different", "missing", "not_comparable"]

CLOSE = 0.90  # house value: Jaro-Winkler from which two words may be one with a typing error (marie / maria 0.92)
SHORTEST_CLOSE = 3  # letters: below this a typing error can't be told from another name (Li / Lin)

_HAN = re.compile("[\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_APOSTROPHES = re.compile("['’‘ʼ`´]")
_NO_LETTER = re.compile(r"[\W\d_]+")
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)  # letters that Unicode does not take apart into a base and an accent
_TITLES = frozenset({"dr", "mr", "mrs", "ms", "miss", "prof"})
_GENERATIONS = frozenset({"jr", "sr", "ii", "iii", "iv"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Name:
    """A name taken apart. `is_ordered` says that the source told family from given; `han` holds Chinese characters."""

    family: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    generation: str = ""
    han: str = ""
    is_ordered: bool = True


@lru_cache(maxsize=4096)  # one name is compared with all its candidates
def parse(text: str) -> Name:
    """Return the parts of a name as received.

    Example:
        >>> parse("O’Brien, Mary A.").family, parse("Müller^Jörg").given
        (('obrien',), ('jorg',))
    """
    plain = unicodedata.normalize("NFKD", text)
    han = "".join(_HAN.findall(plain))
    latin = _HAN.sub(" ", plain).split("=")[0] if "=" in plain else _HAN.sub(" ", plain)
    is_ordered = "^" in latin or "," in latin
    first, *rest = re.split(r"[\^,]", latin)
    before, after = _words(first), _words(" ".join(rest))
    generation = next((word for word in (*before, *after) if word in _GENERATIONS), "")
    family, given = _without_generation(before), _without_generation(after)
    if not is_ordered or not (family and given):
        words = (*given, *family)
        return Name(family=words[-1:], given=words[:-1], generation=generation, han=han, is_ordered=False)
    return Name(family=family, given=given, generation=generation, han=han)


def name_key(text: str) -> str:
    """Return what is the same for every spelling and order of a name: its words sorted, initials left out.

    Example:
        >>> name_key("Prüfung, Frieda M.") == name_key("Frieda PRUFUNG") == "frieda prufung"
        True
    """
    name = parse(text)
    words = sorted(word for word in (*name.family, *name.given) if len(word) > 1)
    return name.han or " ".join(words)


def compare(one: Name, other: Name) -> tuple[NameLevel, NameLevel]:
    """Return how well the family names and the given names agree, in the reading under which they agree best."""
    if one.han and other.han:
        if one.han == other.han:
            return "same", "same"
        return ("same", "different") if one.han[0] == other.han[0] else ("different", "different")
    if not (one.family and other.family):
        is_written = (one.family or one.han) and (other.family or other.han)
        return ("not_comparable", "not_comparable") if is_written else ("missing", "missing")
    found = [
        (_family(a_family, b_family), _given(a_given, b_given))
        for a_family, a_given in _readings(one)
        for b_family, b_given in _readings(other)
    ]
    if one.is_ordered and other.is_ordered and (one.family, one.given) == (other.given, other.family):
        found.append(("swapped", "swapped"))
    family, given = max(found, key=lambda levels: (sum(_ORDER[level] for level in levels), levels))
    if one.generation and other.generation and one.generation != other.generation:
        return family, "different"
    return family, given


def jaro_winkler(one: str, other: str) -> float:
    """Return how alike two words are, 0..1; letters at the front count more.

    Source: Winkler 1990, String comparator metrics and enhanced decision rules in the Fellegi-Sunter model of record
    linkage, with the usual prefix weight 0.1 over at most four letters.
    """
    if one == other:
        return 1.0
    reach = max(max(len(one), len(other)) // 2 - 1, 0)
    taken: set[int] = set()
    matched: list[str] = []
    for position, letter in enumerate(one):
        window = range(max(position - reach, 0), min(position + reach + 1, len(other)))
        found = next((at for at in window if at not in taken and other[at] == letter), None)
        if found is not None:
            taken.add(found)
            matched.append(letter)
    if not matched:
        return 0.0
    count = len(matched)
    turned = sum(a != b for a, b in zip(matched, (other[at] for at in sorted(taken)), strict=True)) / 2
    jaro = (count / len(one) + count / len(other) + (count - turned) / count) / 3
    prefix = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return jaro + min(prefix, 4) * 0.1 * (1 - jaro)


# Which reading of a name without marks is the better one; the weights of the match itself stand in `matching.py`.
_ORDER = {"same": 4, "close": 3, "initial": 2, "missing": 1, "swapped": 3, "not_comparable": 1, "different": 0}


def _words(text: str) -> tuple[str, ...]:
    folded = "".join(letter for letter in text.casefold() if not unicodedata.combining(letter))
    words = _NO_LETTER.sub(" ", _APOSTROPHES.sub("", folded.translate(_LETTERS))).split()
    return tuple(word for word in words if word not in _TITLES) or tuple(words)


def _without_generation(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in _GENERATIONS)


def _readings(name: Name) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Which words may be the family name: as the source said, else up to three at either end (van der Berg)."""
    yield name.family, name.given
    if not name.is_ordered:
        words = (*name.given, *name.family)
        for split in range(1, min(4, len(words))):
            yield words[:split], words[split:]
            yield words[-split:], words[:-split]


def _family(one: tuple[str, ...], other: tuple[str, ...]) -> NameLevel:
    if set(one) == set(other) or "".join(one) == "".join(other):
        return "same"
    is_part = set(one) < set(other) or set(other) < set(one)  # Smith and Smith-Jones
    return "close" if is_part or _is_close("".join(one), "".join(other)) else "different"


def _given(one: tuple[str, ...], other: tuple[str, ...]) -> NameLevel:
    if not (one and other):
        return "missing"
    if "".join(one) == "".join(other):
        return "same"
    if one[0] == other[0]:
        return "close" if len(one) > 1 < len(other) and one[1][0] != other[1][0] else "same"
    if 1 in (len(one[0]), len(other[0])):
        return "initial" if one[0][0] == other[0][0] else "different"
    is_called_by_it = one[0] in other or other[0] in one  # Maria Anna, called Anna
    return "close" if is_called_by_it or _is_close(one[0], other[0]) else "different"


def _is_close(one: str, other: str) -> bool:
    return min(len(one), len(other)) >= SHORTEST_CLOSE and jaro_winkler(one, other) >= CLOSE
