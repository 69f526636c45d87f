"""What is inside a document that stands in a field? Base64, hexadecimal or uuencoded (ED, 2.A.24; OBX-5)."""

import base64
import binascii
import re

from twin.importers.hl7v2.grammar import Delimiters, components, part
from twin.importers.hl7v2.outcome import Refused, Unused

_UU_BEGINS = re.compile(r"begin [0-7]{3,4} \S")
_TEXTS = frozenset({"TEXT", "TX", "FT", "TXT", "PLAIN"})  # HL7 table 0834 and 0291, and what is sent
_LONGEST_TYPE = 40


def embedded(raw: str, marks: Delimiters) -> str | Refused | Unused:
    """Return the text of an encapsulated document (ED), or why there is none: damaged, or not a text."""
    said = components(raw, marks, whole=True)
    kind, subtype, encoding, data = (part(said, index) for index in (2, 3, 4, 5))
    if not data:
        return Unused(reason="OBX: a document without content")
    if {kind.upper(), subtype.upper()}.isdisjoint(_TEXTS):
        return Unused(reason=f"OBX: a document ({_type(kind, subtype)}); only texts are read")
    try:
        content = _decoded(data, encoding.upper())
    except (binascii.Error, ValueError):
        return Refused(reason="invalid", detail="the content of the document is damaged")
    return _as_text(content)


def is_uuencoded(text: str) -> bool:
    """True where a text is a file written by uuencode."""
    return _UU_BEGINS.match(text.lstrip()) is not None


def uudecoded(text: str) -> str | Refused | Unused:
    """Return the text of an uuencoded file, or why there is none."""
    content = bytearray()
    for line in text.lstrip().splitlines()[1:]:
        line = line.rstrip("\r\n")
        if line.strip() in ("end", "`", ""):
            continue
        try:
            content += _uu_line(line)
        except (binascii.Error, ValueError):
            return Refused(reason="invalid", detail="the uuencoded content is damaged")
    if content.startswith(b"%PDF") or b"\0" in content:
        return Unused(reason=f"OBX: a document (uuencoded, {len(content)} bytes); only texts are read")
    return _as_text(bytes(content))


def _uu_line(line: str) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:  # some writers fill the last group up: read as many characters as the length says
        count = (((ord(line[0]) - 32) & 63) * 4 + 5) // 3
        return binascii.a2b_uu(line[:count])


def _decoded(data: str, encoding: str) -> bytes:
    if encoding == "BASE64":
        return base64.b64decode("".join(data.split()), validate=True)
    if encoding == "HEX":
        return bytes.fromhex(data)
    return data.encode()


def _as_text(content: bytes) -> str | Refused | Unused:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Unused(reason=f"OBX: a document ({len(content)} bytes) that is not text in UTF-8")
    if "\0" in text:
        return Unused(reason=f"OBX: a document ({len(content)} bytes) that is not text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _type(kind: str, subtype: str) -> str:
    named = "/".join(each for each in (kind, subtype) if each)
    return named if named and len(named) <= _LONGEST_TYPE and re.fullmatch(r"[\w./+-]+", named) else "unnamed type"
