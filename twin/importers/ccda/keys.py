"""The names of a document's items: stable in the source, and telling apart what one document repeats."""

from collections import defaultdict
from collections.abc import Sequence

from lxml import etree

from twin.importers.ccda.around import Around
from twin.importers.ccda.header import identity
from twin.importers.ccda.markup import attribute, child, children
from twin.importers.ccda.times import NEVER, BadTime, bounds

_HABITS = frozenset({"social", "smoking", "tobacco"})
_MEASURED = _HABITS | {"result"}
Names = tuple[str, str, str]


def keys_of(named: Sequence[tuple[Names, str]], patient_key: str, apart: int) -> list[tuple[str, int]]:
    """Return the key of each pair of names and fingerprint, and how many names were needed (0: the first does).

    An entry's id is its name. Senders also give one id to several entries, and the ids of an example to everybody:
    so the patient is part of every key, and where different contents of one document share an id, code and time join
    it; where they still do, the content. `apart` is the least to use, as a body of such an entry says.
    """
    levels = [min(max(apart, 0), 2)] * len(named)
    for level in (0, 1):
        contents: dict[str, set[str]] = defaultdict(set)
        for (names, fingerprint), used in zip(named, levels, strict=True):
            contents[names[used]].add(fingerprint)
        for index, (names, _) in enumerate(named):
            if levels[index] == level and len(contents[names[level]]) > 1:
                levels[index] = level + 1
    prefix = f"{patient_key}/" if patient_key else ""
    return [(prefix + names[level], level) for (names, _), level in zip(named, levels, strict=True)]


def names_of(statement: etree._Element, kind: str, around: Around, fingerprint: str) -> tuple[str, str, str]:
    """A statement's name by its id alone; with code and time; with its content too.

    Code and time are always part of a measurement's name: senders copy the ids of an example, and a value at another
    time is another value. What it measured is not: a corrected value has the same name.
    """
    own = next((found for each in children(statement, "id") if (found := identity(each))), "")
    try:
        during = bounds(statement, around.document.zone)
    except BadTime:
        during = NEVER
    time = during.stated or around.time.stated
    full = f"{kind}/{own}#{_code(statement, kind, has_time=bool(time))}@{time}"
    return (full if kind in _MEASURED or not own else f"{kind}/{own}"), full, f"{full}~{fingerprint}"


def _code(statement: etree._Element, kind: str, *, has_time: bool) -> str:
    """What a statement is about: its code, or its value where that says it (a disease, a habit without a date)."""
    by_value = kind not in _MEASURED and kind not in ("procedure", "encounter")
    asserted = attribute(child(statement, "code"), "code") == "ASSERTION" and kind not in ("smoking", "tobacco")
    places = [
        child(statement, "consumable", "manufacturedProduct", "manufacturedMaterial", "code"),
        child(statement, "participant", "participantRole", "playingEntity", "code") if kind == "allergy" else None,
        child(statement, "code"),
        child(statement, "value") if by_value or asserted or (kind in _HABITS and not has_time) else None,
    ]
    codes = (f"{attribute(each, 'codeSystem')}|{attribute(each, 'code')}" for each in places if attribute(each, "code"))
    return ",".join(codes)[:200]
