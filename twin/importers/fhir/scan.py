"""What stands in a JSON text, and where: values together with the very characters they were written in.

A resource is kept as it came, digit for digit, so reading gives each value and its slice of the source in one pass.
What the parser lets through and JSON does not (a member named twice, NaN) is gathered as faults of the value.
"""

import json
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from json import JSONDecodeError
from json.decoder import WHITESPACE, scanstring  # type: ignore[attr-defined]  # not in the stubs, documented in CPython
from operator import attrgetter
from typing import Any

from twin.errors import UnreadableInput

Walk = Callable[[str, int], int]
"""What is done with a member: its name and where its value begins; the answer is where the value ends."""


class Number(Decimal):
    """A JSON number with the digits it was written in (`72.50`, `1E-7`); beyond what a Decimal holds it is infinite."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> "Number":
        try:
            made = super().__new__(cls, text)
        except InvalidOperation:
            made = super().__new__(cls, "-Infinity" if text.startswith("-") else "Infinity")
        made.text = text
        return made


_ENCODER = json.JSONEncoder(
    sort_keys=True, default=attrgetter("text"), ensure_ascii=False, separators=(",", ":"), check_circular=False
)


class Scanner:
    """Reads values out of a text; `faults` tells what was wrong in those read since they were last taken."""

    def __init__(self) -> None:
        self._faults: list[str] = []
        decoder = json.JSONDecoder(
            parse_float=Number, parse_int=Number, parse_constant=self._constant, object_pairs_hook=self._object
        )
        self._scan: Callable[[str, int], tuple[Any, int]] = decoder.scan_once  # type: ignore[attr-defined]  # not in stubs

    def value(self, text: str, at: int) -> tuple[Any, int]:
        """Return the value that begins at `at` (any JSON value) and where it ends.

        Raises:
            UnreadableInput: no JSON value stands there, or one nested too deeply to read.
        """
        try:
            return self._scan(text, at)
        except StopIteration as stopped:
            raise _broken(JSONDecodeError("no value", text, stopped.value)) from None
        except JSONDecodeError as error:
            raise _broken(error) from None
        except RecursionError:
            raise UnreadableInput("not JSON that can be read: nested too deeply") from None

    def members(self, text: str, at: int, walk: Walk) -> int:
        """Give each member of the object at `at` to `walk`, and return where the object ends."""
        seen: set[str] = set()
        at = skip(text, at + 1)
        if text[at : at + 1] == "}":
            return at + 1
        while True:
            if text[at : at + 1] != '"':
                raise _broken(JSONDecodeError("no member name", text, at))
            try:
                name, at = scanstring(text, at + 1, True)
            except JSONDecodeError as error:
                raise _broken(error) from None
            if name in seen:
                self._faults.append("a member is named twice")
            seen.add(name)
            at = skip(text, at)
            if text[at : at + 1] != ":":
                raise _broken(JSONDecodeError("no colon", text, at))
            at = skip(text, walk(name, skip(text, at + 1)))
            if text[at : at + 1] == "}":
                return at + 1
            at = _comma(text, at)

    def elements(self, text: str, at: int, walk: Callable[[int], int]) -> int:
        """Give where each element of the array at `at` begins to `walk`, and return where the array ends."""
        at = skip(text, at + 1)
        if text[at : at + 1] == "]":
            return at + 1
        while True:
            at = skip(text, walk(at))
            if text[at : at + 1] == "]":
                return at + 1
            at = _comma(text, at)

    def take_faults(self) -> str | None:
        """Return the first fault since the last call, None where there was none."""
        first = self._faults[0] if self._faults else None
        self._faults.clear()
        return first

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            self._faults.append("a member is named twice")
        return made

    def _constant(self, name: str) -> Number:
        self._faults.append(f"{name} is not JSON")
        return Number(name)


def text_of(content: bytes) -> str:
    """Return UTF-8 text, without a byte order mark.

    Raises:
        UnreadableInput: it is not UTF-8 (hl7.org/fhir/R4/json.html: FHIR resources are).
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableInput(f"not JSON: not UTF-8 (byte {error.start})") from None


def whole(text: str, scanner: Scanner) -> tuple[Any, int, int]:
    """Return the one value of a text, where it begins and where it ends; nothing but white space stands around it."""
    start = skip(text, 0)
    value, end = scanner.value(text, start)
    check_end(text, end)
    return value, start, end


def check_end(text: str, end: int) -> None:
    """Raise UnreadableInput where more than white space follows."""
    if skip(text, end) != len(text):
        raise _broken(JSONDecodeError("extra data", text, end))


def skip(text: str, at: int) -> int:
    """Return where the white space that begins at `at` ends."""
    if text[at : at + 1] > " ":
        return at
    match = WHITESPACE.match(text, at)
    return match.end() if match else at


def canonical(value: object) -> str:
    """Return a value as JSON that does not depend on the order of members or on white space; digits as written."""
    return _ENCODER.encode(value)


def _comma(text: str, at: int) -> int:
    if text[at : at + 1] != ",":
        raise _broken(JSONDecodeError("no comma", text, at))
    return skip(text, at + 1)


def _broken(error: JSONDecodeError) -> UnreadableInput:
    return UnreadableInput(f"not JSON (line {error.lineno}, column {error.colno})")
