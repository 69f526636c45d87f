"""Where each entry of a JSON document stands: its value, its text, and what else in the document speaks of it."""

import re
from dataclasses import dataclass, field
from typing import Any

from twin.errors import UnreadableInput
from twin.importers.fhir.envelope import Other
from twin.importers.fhir.group import Groups
from twin.importers.fhir.reference import PATIENT, key_of
from twin.importers.fhir.scan import Scanner, check_end, skip, whole

MAX_HELD = 64 * 2**20  # characters; the values of a larger document are read again when their turn comes
TYPE_NAME = re.compile(r"^[A-Z][A-Za-z]{0,63}$")
_LOOKED_INTO = frozenset({PATIENT, "Medication", "Composition"})


@dataclass(kw_only=True, slots=True)
class Held:
    """One entry of a bundle: where its text and its resource's text stand, and its value as long as it is held."""

    start: int
    end: int = 0
    resource_start: int = 0
    resource_end: int = 0
    value: Any = None
    kind: str = ""
    fault: str | None = None


@dataclass(kw_only=True, slots=True)
class Document:
    """The members of a JSON object, and the entries of its member `entry` each by itself."""

    text: str
    scanner: Scanner
    start: int = 0
    end: int = 0
    members: dict[str, Any] = field(default_factory=dict)
    entries: list[Held] = field(default_factory=list)
    groups: Groups = field(default_factory=Groups)
    by_url: dict[str, Held] = field(default_factory=dict)
    fault: str | None = None


def walk_flat(text: str) -> Document:
    """Return the members of the object in a text that is no Bundle: all in one go."""
    scanner = Scanner()
    value, start, end = whole(text, scanner)
    if not isinstance(value, dict):
        raise UnreadableInput("not a FHIR resource: no structure")
    return Document(text=text, scanner=scanner, start=start, end=end, members=value, fault=scanner.take_faults())


def walk(text: str) -> Document:
    """Return the members of the object in a text, each entry by itself."""
    scanner = Scanner()
    document = Document(text=text, scanner=scanner, start=skip(text, 0))
    if text[document.start : document.start + 1] != "{":
        return walk_flat(text)

    def member(name: str, at: int) -> int:
        if name == "entry" and text[at : at + 1] == "[":
            document.members[name] = []
            document.fault = document.fault or scanner.take_faults()
            return scanner.elements(text, at, lambda begin: _entry(document, begin))
        document.members[name], end = scanner.value(text, at)
        return end

    document.end = scanner.members(text, document.start, member)
    document.fault = document.fault or scanner.take_faults()
    check_end(text, document.end)
    return document


def _entry(document: Document, at: int) -> int:
    """Read one entry: its value, and where its resource's text stands."""
    text, scanner = document.text, document.scanner
    held = Held(start=at)
    if text[at : at + 1] == "{":
        value: dict[str, Any] = {}

        def member(name: str, begin: int) -> int:
            value[name], end = scanner.value(text, begin)
            if name == "resource":
                held.resource_start, held.resource_end = begin, end
            return end

        held.end = scanner.members(text, at, member)
        held.value = value
        resource = value.get("resource")
        kind = resource.get("resourceType") if isinstance(resource, dict) else None
        held.kind = kind if isinstance(kind, str) and TYPE_NAME.match(kind) else ""
    else:
        held.value, held.end = scanner.value(text, at)
    if held.kind in ("DiagnosticReport", "Observation"):
        document.groups.add(held.value["resource"], text[held.start : held.end])
    held.fault = scanner.take_faults()
    document.entries.append(held)
    if isinstance(held.value, dict) and isinstance(url := held.value.get("fullUrl"), str):
        document.by_url[url] = held
    if len(text) > MAX_HELD and held.kind not in _LOOKED_INTO:
        held.value = None
    return held.end


def entry_of(document: Document, url: str) -> Other | None:
    """Return the entry with this fullUrl."""
    held = document.by_url.get(url)
    if held is None or not held.kind:
        return None
    value = held.value if held.value is not None else document.scanner.value(document.text, held.start)[0]
    return Other(resource=value["resource"], entry_text=document.text[held.start : held.end])


def medicines_of(document: Document) -> dict[str, Other]:
    """Return the Medications of a bundle by every name a reference may use."""
    found: dict[str, Other] = {}
    for held in document.entries:
        if held.kind == "Medication":
            resource = held.value["resource"]
            medicine = Other(resource=resource, entry_text=document.text[held.start : held.end])
            for name in (held.value.get("fullUrl"), f"Medication/{resource.get('id')}"):
                if isinstance(name, str):
                    found[name] = found[key_of(name)] = medicine
    return found
