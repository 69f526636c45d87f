"""What does a query ask for? Parameters are checked against the registry, and read by the rules of their types.

Source: hl7.org/fhir/R4/search.html (prefixes, escapes, `,` for "or", a parameter said twice for "and").
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from twin.store.resource_search import Query, Token, When
from twin.web.api.cursor import pack, unpack
from twin.web.api.fhir.dates import when
from twin.web.api.fhir.negotiation import GENERAL
from twin.web.api.fhir.registry import DATE_NAMES, MOST_COUNT, USUAL_COUNT, params_of
from twin.web.errors import BadRequest

Pairs = Sequence[tuple[str, str]]
RESULT_PARAMS = ("_count", "_sort", "_summary", "_total", "_cursor")
_CHAINED = {"patient.identifier": "patient", "subject.identifier": "subject"}
_UNSOUND = re.compile("[\x00\ud800-\udfff]")
_MOST_PARAMETERS = 100
_SEXES = {"male": "male", "female": "female", "unknown": "unknown", "other": "unknown"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A search as it was asked: what to look for, and how much of it to tell."""

    query: Query
    people: tuple[tuple[str, ...], ...] = ()
    """Ids of patients, still to be looked up."""
    people_identified: tuple[tuple[Token, ...], ...] = ()
    count: int = USUAL_COUNT
    only_count: bool = False
    with_total: bool = False
    ignored: tuple[str, ...] = ()
    used: tuple[tuple[str, str], ...] = ()


@dataclass(kw_only=True, slots=True)
class _Reading:
    now: datetime
    found: dict[str, Any] = field(default_factory=dict)  # Any: the fields of Query and Asked

    def add(self, name: str, value: object) -> None:
        self.found[name] = (*self.found.get(name, ()), value)


def parse(kind: str, pairs: Pairs, *, is_lenient: bool, source: str | None, now: datetime) -> Asked:
    """Return what a query asks of a type.

    Raises:
        BadRequest: a value breaks the rule of its type, or a parameter is not known and `is_lenient` is not set.
    """
    check_sound(pairs)
    known = {each.name for each in params_of(kind)} | set(RESULT_PARAMS)
    known |= {chain for chain, name in _CHAINED.items() if name in known}
    pairs = [(name, value) for name, value in pairs if name not in GENERAL and value != ""]
    unknown = sorted({name for name, _ in pairs if name not in known})
    if unknown and not is_lenient:
        told = ", ".join(name if _is_told(name) else "(a name that can't be repeated here)" for name in unknown)
        raise BadRequest(f"not a search parameter of {kind} here: {told}")
    used = [(name, value) for name, value in pairs if name in known]
    reading = _Reading(now=now)
    result: dict[str, str] = {}
    for name, value in used:
        if name not in RESULT_PARAMS:
            try:
                _read(reading, name, value)
            except ValueError as error:
                raise BadRequest(f"{name}: {error}") from None
        elif name in result:
            raise BadRequest(f"{name}: said twice")
        else:
            result[name] = value
    return _asked(reading.found, result, kind, source, used, [name for name in unknown if _is_told(name)])


def check_sound(pairs: Iterable[tuple[str, str]]) -> None:
    """Raise BadRequest for what no database takes, and for more parameters than anybody needs."""
    pairs = list(pairs)
    if len(pairs) > _MOST_PARAMETERS:
        raise BadRequest(f"more than {_MOST_PARAMETERS} parameters")
    if any(is_unsound(part) for pair in pairs for part in pair):
        raise BadRequest("a parameter holds a character that can't be kept (NUL, or half of a surrogate pair)")


def is_unsound(word: str) -> bool:
    """True for a word with a NUL or half of a surrogate pair in it."""
    return _UNSOUND.search(word) is not None


def cursor_of(newest_first: bool | None, at: datetime, number: int) -> str:
    """Return where the next page begins."""
    return pack("-" if newest_first else "+" if newest_first is not None else "", at.isoformat(), str(number))


def read_cursor(cursor: str, newest_first: bool | None) -> tuple[datetime, int]:
    """Return what `cursor_of` put in.

    Raises:
        BadRequest: it is none of ours, or one of another order.
    """
    try:
        order, at, number = unpack(cursor, 3)
        moment, last = datetime.fromisoformat(at), int(number)
    except (BadRequest, ValueError):
        raise BadRequest("_cursor: not one of this search") from None
    wanted = "-" if newest_first else "+" if newest_first is not None else ""
    if order != wanted or moment.tzinfo is None or not 0 <= last < 2**63:
        raise BadRequest("_cursor: not one of this search")
    return moment, last


def read_count(value: str | None, *, usual: int = USUAL_COUNT) -> int:
    """Return how many resources a page has.

    Raises:
        BadRequest: it is no number.
    """
    if value is None:
        return usual
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise BadRequest("_count: a number of resources")
    return min(int(value), MOST_COUNT)


def tokens(value: str) -> tuple[Token, ...]:
    """Return the alternatives of a token parameter: `system|code`, `code`, `|code`, `system|`."""
    return tuple(_token(each) for each in split(value, ","))


def split(value: str, sign: str) -> list[str]:
    """Return the parts between unescaped signs; R4 search.html#escaping."""
    parts = re.split(rf"(?<!\\){re.escape(sign)}", value)
    return [part for part in parts if part]


def dates(value: str, now: datetime) -> tuple[When, ...]:
    """Return the alternatives of a date parameter."""
    return tuple(when(each, now) for each in split(value, ","))


def _read(reading: _Reading, name: str, value: str) -> None:
    if name in _CHAINED:
        found = tokens(value)
        if any(each.code is None for each in found):
            raise ValueError("an identifier has a value: system|value")
        reading.add("people_identified", found)
    elif name in ("patient", "subject"):
        reading.add("people", tuple(_person(each) for each in split(value, ",")))
    elif name in DATE_NAMES:
        reading.add("dates", dates(value, reading.now))
    elif name == "_lastUpdated":
        reading.add("updated", dates(value, reading.now))
    elif name == "birthdate":
        reading.add("births", dates(value, reading.now))
    elif name == "code":
        reading.add("codes", tokens(value))
    elif name == "identifier":
        found = tokens(value)
        if any(each.code is None for each in found):
            raise ValueError("an identifier has a value: system|value")
        reading.add("identifiers", found)
    elif name == "_id":
        reading.add("ids", tuple(split(value, ",")))
    elif name == "gender":
        reading.add("sexes", tuple(_SEXES[sex] for each in tokens(value) if (sex := each.code or "") in _SEXES))
    elif name in ("name", "family", "given"):
        reading.add("names", (name, tuple(_unescaped(each) for each in split(value, ","))))


def _asked(
    found: dict[str, Any], result: dict[str, str], kind: str, source: str | None, used: Pairs, ignored: list[str]
) -> Asked:
    newest_first = _order(result.get("_sort"))
    summary, total = result.get("_summary", "false"), result.get("_total", "none")
    if summary not in ("count", "false"):
        raise BadRequest("_summary: count or false; resources are told whole")
    if total not in ("none", "estimate", "accurate"):
        raise BadRequest("_total: none, estimate or accurate")
    count = read_count(result.get("_count"))
    after = read_cursor(result["_cursor"], newest_first) if "_cursor" in result else None
    people, identified = found.pop("people", ()), found.pop("people_identified", ())
    return Asked(
        query=Query(kinds=(kind,), source=source, newest_first=newest_first, after=after, **found),
        people=people, people_identified=identified, count=count, only_count=summary == "count" or count == 0,
        with_total=total == "accurate", ignored=tuple(ignored), used=tuple(used),
    )  # fmt: skip


def _order(sort: str | None) -> bool | None:
    if sort not in (None, "_lastUpdated", "-_lastUpdated"):
        raise BadRequest("_sort: _lastUpdated or -_lastUpdated")
    return None if sort is None else sort.startswith("-")


def _token(value: str) -> Token:
    parts = split_all(value, "|")
    if len(parts) == 1:
        return Token(system=None, code=_unescaped(parts[0]))
    system, code = _unescaped(parts[0]), _unescaped("|".join(parts[1:]))
    return Token(system=system, code=code or None)


def split_all(value: str, sign: str) -> list[str]:
    """Return the parts between unescaped signs, empty ones too."""
    return re.split(rf"(?<!\\){re.escape(sign)}", value)


def _person(value: str) -> str:
    """Return the id in a reference to a Patient; one to anything else means nobody."""
    path = urlsplit(value).path if "://" in value else value
    parts = path.partition("/_history/")[0].split("/")
    if len(parts) == 1:
        return parts[0]
    return parts[-1] if parts[-2] == "Patient" else ""


def _unescaped(value: str) -> str:
    return re.sub(r"\\([,|$\\])", r"\1", value)


def _is_told(name: str) -> bool:
    return re.fullmatch(r"[\w.:-]{1,40}", name, re.ASCII) is not None
