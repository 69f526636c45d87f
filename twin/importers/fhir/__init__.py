"""FHIR R4 (hl7.org/fhir/R4) in JSON: bundles, single resources and NDJSON to items, one a resource."""

import re
from collections.abc import Iterator
from typing import Any

from twin.errors import UnreadableInput
from twin.importers.base import Context, Importer, Item
from twin.importers.content import Content
from twin.importers.fhir import document
from twin.importers.fhir.envelope import Envelope
from twin.importers.fhir.export import MAX_MANIFEST_BYTES, envelope_of, is_manifest, read_manifest
from twin.importers.fhir.lines import is_ndjson, read_lines
from twin.importers.fhir.scan import Scanner, text_of, whole

_BLANK = b"\xef\xbb\xbf \t\r\n"
_XML_ROOM = 4_096  # bytes in which the root element of a FHIR document declares its namespace
_XML_NAMES = (b'xmlns="http://hl7.org/fhir"', b"xmlns='http://hl7.org/fhir'")
_FIRST_TYPE = re.compile(rb'"resourceType"\s*:\s*"([A-Za-z]+)"')
_RANKS = {b"Patient": 0, b"Bundle": 1}


def parse(content: bytes) -> dict[str, Any]:
    """Return the resource in `content`; its numbers are Decimals that keep the digits they were written in.

    Raises:
        UnreadableInput: not UTF-8 JSON, or not a FHIR resource.
        UnsupportedVersion: DSTU2, STU3 or R5.
    """
    return document.parse(text_of(content))


def read_items(content: Content, context: Context) -> Iterator[Item]:
    """Yield the items of a file: of a bundle patients first, then in its order; of NDJSON in the order of its lines.

    Raises:
        UnreadableInput: not FHIR in JSON, or a Bundle of a type that is not taken.
        UnsupportedVersion: DSTU2, STU3 or R5.
    """
    if _is_xml(content.head):
        raise UnreadableInput("FHIR XML; this instance takes JSON")
    if is_ndjson(content):
        yield from read_lines(content, envelope_of(content, context.now))
        return
    text = text_of(content.read())
    if len(text) <= MAX_MANIFEST_BYTES and '"transactionTime"' in text and _names_an_export(text):
        yield from read_manifest(text, content)
    else:
        yield from document.read_document(text, Envelope.of(context.now), whole_file=True)


def order(content: Content) -> int:
    """Patients first, then bundles (which bring their own), then what refers to them."""
    match = _FIRST_TYPE.search(content.head)
    return _RANKS.get(match[1], 2) if match else 2


def recognises(head: bytes, name: str) -> bool:
    """True for JSON, which no other format here is, and for FHIR in XML, to say by name that it is not taken."""
    return head.lstrip(_BLANK).startswith(b"{") or _is_xml(head)


def _is_xml(head: bytes) -> bool:
    beginning = head[:_XML_ROOM]
    return any(each in beginning for each in _XML_NAMES) and beginning.lstrip(_BLANK).startswith(b"<")


def _names_an_export(text: str) -> bool:
    try:
        value, _, _ = whole(text, Scanner())
    except UnreadableInput:
        return False
    return isinstance(value, dict) and is_manifest(value)


IMPORTER = Importer(key="fhir", title="FHIR R4 (JSON, NDJSON)", recognises=recognises, read=read_items, order=order)
