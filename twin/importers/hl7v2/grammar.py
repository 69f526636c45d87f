"""What do the characters of an HL7 v2 segment say? (HL7 v2.8.2, chapter 2, sections 2.5 to 2.7)

A segment's fields stay as received; repetitions, components and escapes are read where a field is asked for.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

NULL = '""'  # "delete what you hold", which is not the same as saying nothing (2.5.3.2)
SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}")
_NEW_LINES = re.compile(r"\.(?:br|ce|sp)\s*\+?(\d*)")  # 2.7.6: end of line, centred line, skip vertical spaces
_SPACES = re.compile(r"\.sk\s*\+?(\d{1,3})")  # 2.7.6: skip spaces to the right
_LAYOUT = re.compile(r"\.(?:fi|nf|in|ti)\s*[+-]?\d*")  # 2.7.6: wrap and indent; they carry no words
MOST_REPETITIONS = 1_000  # of one field, and so on: a sender may send any number, real ones stay below a tenth of these
_MOST_FIELDS = 200
_MOST_COMPONENTS = 60
_MOST_ESCAPES = 100_000
_MOST_LINES = 100  # a sender may ask for any number of empty lines


class NotHL7(Exception):
    """The header doesn't say how the message is to be read; the reason follows."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Delimiters:
    """MSH-1 and MSH-2. An empty one is not used by this message. Those of equal headers are one object."""

    separator: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str = ""
    codec: str = "utf-8"
    meant: dict[str, str] = field(default_factory=dict, repr=False)
    """What the single letters of an escape mean."""

    @staticmethod
    def of(header: str, codec: str = "utf-8") -> "Delimiters":
        r"""Return what an MSH, FHS or BHS line states; MSH-2 may double its backslash (`^~\\&`).

        Raises:
            NotHL7: a delimiter is a letter, digit or blank, stands twice, or there is none.
        """
        separator = header[3:4]
        if not separator or separator.isalnum() or separator.isspace():
            raise NotHL7("the field separator is missing, a letter or a blank")
        return _delimiters(separator, header[4:24].split(separator, 1)[0], codec)


class Segment(NamedTuple):
    """One line: its name and its raw fields by the standard's numbers (`fields[3]` is field 3).

    A tuple, for it is made a hundred thousand times a second.
    """

    name: str
    line: str
    fields: list[str]
    marks: Delimiters
    where: str = ""

    @staticmethod
    def of(line: str, marks: Delimiters, where: str = "") -> "Segment":
        """Return a line as a segment; the caller has seen that it is one."""
        fields = line.split(marks.separator, _MOST_FIELDS)
        if fields[0] in ("MSH", "FHS", "BHS"):
            fields.insert(1, marks.separator)
        return Segment(fields[0], line, fields, marks, where)

    def raw(self, number: int) -> str:
        """A field as received, "" where it isn't there."""
        return self.fields[number] if number < len(self.fields) else ""

    def is_stated(self, number: int) -> bool:
        """True where a field says something other than "delete"."""
        return self.raw(number).strip() not in ("", NULL)

    def repetitions(self, number: int) -> list[str]:
        """The repetitions of a field, raw, without empty ones."""
        said = self.raw(number)
        if not self.marks.repetition or self.marks.repetition not in said:
            return [said] if said else []
        return [each for each in said.split(self.marks.repetition, MOST_REPETITIONS) if each]

    def components(self, number: int) -> list[str]:
        """The components of a field's first repetition, read; of each the first subcomponent."""
        said = self.raw(number)
        if said.isalnum():
            return [said]
        if self.marks.repetition:
            said = said.split(self.marks.repetition, 1)[0]
        return components(said, self.marks)

    def text(self, number: int, component: int = 1) -> str:
        """One component of a field's first repetition, read, "" where it isn't there or says "delete"."""
        said = self.fields[number] if number < len(self.fields) else ""
        if not said or said.isalnum():  # most fields are one word: no delimiter can be in it
            return said if component == 1 else ""
        return part(self.components(number), component)


def components(raw: str, marks: Delimiters, *, whole: bool = False) -> list[str]:
    """Return the components of one repetition, read; of each its first subcomponent, or all of it (`whole`)."""
    pieces = raw.split(marks.component, _MOST_COMPONENTS) if marks.component else [raw]
    if raw.isascii() and marks.escape not in raw and (whole or marks.subcomponent not in raw) and marks.subcomponent:
        return [piece.strip() for piece in pieces] if " " in raw else pieces
    if not whole and marks.subcomponent and marks.subcomponent in raw:
        pieces = [piece.split(marks.subcomponent, 1)[0] for piece in pieces]
    return [unescape(piece, marks).strip() for piece in pieces]


def subcomponents(raw: str, number: int, marks: Delimiters) -> list[str]:
    """Return the subcomponents of one component (counted from 1) of one repetition, read."""
    pieces = raw.split(marks.component, _MOST_COMPONENTS) if marks.component else [raw]
    said = pieces[number - 1] if number <= len(pieces) else ""
    return [
        unescape(each, marks).strip()
        for each in (said.split(marks.subcomponent, _MOST_COMPONENTS) if marks.subcomponent else [said])
    ]


def part(said: Sequence[str], number: int) -> str:
    """Return a component by its number, "" where it isn't there or says "delete"."""
    found = said[number - 1] if number <= len(said) else ""
    return "" if found == NULL else found


def unescape(text: str, marks: Delimiters) -> str:
    r"""Return text with its escape sequences read (2.7).

    `\Zxx\` (the sender's own), `\Cxxyy\` and `\Mxxyyzz\` (another character set) are kept readable, as they came; so is
    what only looks like an escape, such as a lone backslash in a path.
    """
    escape = marks.escape
    if not escape or escape not in text or text.count(escape) > _MOST_ESCAPES:
        return text
    pieces = text.split(escape)
    read = [pieces[0]]
    index = 1
    while index < len(pieces):
        said = _meaning(pieces[index], marks) if index + 1 < len(pieces) else None
        if said is None:
            read.append(escape + pieces[index])
            index += 1
        else:
            read += (said, pieces[index + 1])
            index += 2
    return "".join(read)


@lru_cache(maxsize=256)
def _delimiters(separator: str, encoding: str, codec: str) -> Delimiters:
    stated = encoding.replace("\\\\", "\\")
    given = separator + stated
    if not 1 <= len(stated) <= 5 or len(set(given)) != len(given) or re.search(r"[\w\s]", stated):
        raise NotHL7("MSH-2 does not name the encoding characters")
    component, repetition, escape, subcomponent, truncation = (stated[index : index + 1] for index in range(5))
    meant = {"F": separator, "S": component, "R": repetition, "E": escape, "T": subcomponent, "P": truncation}
    return Delimiters(
        separator=separator,
        component=component,
        repetition=repetition,
        escape=escape,
        subcomponent=subcomponent,
        truncation=truncation,
        codec=codec,
        meant={name: said for name, said in meant.items() if said},
    )


def _meaning(code: str, marks: Delimiters) -> str | None:
    if code in marks.meant:
        return marks.meant[code]
    if code in ("H", "N"):  # highlighting begins and ends
        return ""
    if code[:1] == "X":
        return _of_hex(code[1:], marks.codec)
    if code[:1] != ".":
        return None
    if (match := _NEW_LINES.fullmatch(code)) is not None:
        return "\n" * min(int(match[1][:4] or 1), _MOST_LINES)
    if (match := _SPACES.fullmatch(code)) is not None:
        return " " * int(match[1])
    return "" if _LAYOUT.fullmatch(code) else None


def _of_hex(digits: str, codec: str) -> str | None:
    try:
        said = bytes.fromhex(digits).decode(codec)
    except ValueError:
        return None
    return None if not said or "\0" in said else said.replace("\r\n", "\n").replace("\r", "\n")
