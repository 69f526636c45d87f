"""One JSON document: a Bundle's entries as items, patients first; or a file that is one resource."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from twin.errors import UnreadableInput, UnsupportedVersion
from twin.importers.base import Item
from twin.importers.fhir.envelope import Envelope, Other
from twin.importers.fhir.item import items_of
from twin.importers.fhir.lasting import Lasting
from twin.importers.fhir.naming import Entry, refused
from twin.importers.fhir.reference import PATIENT, searched
from twin.importers.fhir.scan import Scanner, whole
from twin.importers.fhir.subject import of_one, others_in
from twin.importers.fhir.version import TAKEN, foreign_declaration, foreign_type
from twin.importers.fhir.walk import TYPE_NAME, Document, Held, entry_of, medicines_of, walk, walk_flat

BUNDLE_TYPES = frozenset({"transaction", "batch", "collection", "searchset", "document"})
_METHODS = frozenset({"GET", "HEAD", "DELETE", "PATCH"})  # what a transaction's entry may ask that is not "take this"


def read_document(text: str, envelope: Envelope, *, where: str = "", whole_file: bool = False) -> Iterator[Item]:
    """Yield the items of a Bundle, or of one resource; `where` is the line it stands in.

    Raises:
        UnreadableInput: not JSON, not a FHIR resource, or a Bundle of a type that is not taken.
        UnsupportedVersion: DSTU2, STU3 or R5, where the whole says so.
    """
    document = walk(text) if '"Bundle"' in text else walk_flat(text)
    kind = document.members.get("resourceType")
    if not isinstance(kind, str) or not TYPE_NAME.match(kind):
        raise UnreadableInput("not a FHIR resource: no resourceType")
    if whole_file:
        _check_version(document)
    if kind == "Bundle":
        yield from _bundle(document, envelope, where)
    else:
        source = text[document.start : document.end]
        value, fault = document.members, document.fault
        if document.entries:  # a List has entries too, which are no bundle's
            value, _, _ = whole(source, document.scanner)
            fault = document.scanner.take_faults()
        entry = Entry(
            where=where or kind, resource=value, text=source, entry_text=f'{{"resource":{source}}}',
            fault=fault,
        )  # fmt: skip
        yield from items_of(entry, envelope)


def parse(text: str) -> dict[str, Any]:
    """Return the resource in a text; its numbers know the digits they were written in (`Number.text`).

    Raises:
        UnreadableInput: not JSON, or not a FHIR resource.
        UnsupportedVersion: DSTU2, STU3 or R5.
    """
    scanner = Scanner()
    resource, _, _ = whole(text, scanner)
    fault = scanner.take_faults()
    if fault is not None:
        raise UnreadableInput(f"not JSON that can be read: {fault}")
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(kind, str) or not TYPE_NAME.match(kind):
        raise UnreadableInput("not a FHIR resource: no resourceType")
    entries = resource.get("entry")
    inner = [each.get("resource") for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []
    for each in (resource, *inner):
        _refuse_foreign(each)
    return resource


def _bundle(document: Document, envelope: Envelope, where: str) -> Iterator[Item]:
    stated = document.members.get("type")
    if not isinstance(stated, str) or stated not in BUNDLE_TYPES:
        raise UnreadableInput(f"a Bundle of type {_short(stated)}; {', '.join(sorted(BUNDLE_TYPES))} are taken")
    if document.fault is not None:
        raise UnreadableInput(f"not a Bundle that can be read: {document.fault}")
    if not isinstance(document.members.get("entry", []), list):
        raise UnreadableInput("Bundle.entry is not a list")
    prefix = f"{where}.Bundle" if where else "Bundle"
    inner, fault = _envelope(document, stated, envelope)
    if fault is not None:
        source = document.text[document.start : document.end]
        told = Entry(where=prefix, resource=document.members, text=source, entry_text=f'{{"resource":{source}}}')
        yield refused(told, inner, "invalid", fault)
    merges: list[Item] = []
    others = others_in(document) if inner.kind == "document" else frozenset()
    for index, held in enumerate(document.entries):
        if held.kind in (PATIENT, ""):
            for item in _items(document, held, inner, f"{prefix}.entry[{index}]"):
                if item.merge is None:
                    yield of_one(item, others)
                else:
                    merges.append(item)
    yield from merges
    for index, held in enumerate(document.entries):
        if held.kind not in (PATIENT, ""):
            for item in _items(document, held, inner, f"{prefix}.entry[{index}]"):
                yield of_one(item, others)
            held.value = None


def _items(document: Document, held: Held, envelope: Envelope, where: str) -> list[Item]:
    text = document.text
    entry_text = text[held.start : held.end]
    value = held.value if held.value is not None else document.scanner.value(text, held.start)[0]
    resource = value.get("resource") if isinstance(value, dict) else None
    request = value.get("request") if isinstance(value, dict) else None
    if not held.kind or not isinstance(resource, dict):
        entry = Entry(where=where, resource={}, text="", entry_text=entry_text)
        method = request.get("method") if isinstance(request, dict) else None
        if isinstance(method, str) and method in _METHODS:
            return [refused(entry, envelope, "not_taken", f"{method} is not taken in a Bundle")]
        return [refused(entry, envelope, "invalid", "no resource in this entry")]
    entry = Entry(
        where=where,
        resource=resource,
        text=text[held.resource_start : held.resource_end],
        entry_text=entry_text,
        full_url=value.get("fullUrl"),
        unless=_unless(request),
        fault=held.fault,
    )
    return items_of(entry, envelope)


def _unless(request: object) -> tuple[str, ...]:
    query = request.get("ifNoneExist") if isinstance(request, dict) else None
    return tuple(f"{each.system}|{each.value}" for each in searched(query)) if isinstance(query, str) else ()


def _envelope(document: Document, kind: str, outer: Envelope) -> tuple[Envelope, str | None]:
    """Return the bundle's envelope, and what is wrong with its time stamp.

    A document without one was made at its Composition's date; what states no time has that of the file.
    """
    medicines = medicines_of(document)

    def medicine(name: str) -> Other | None:
        return medicines.get(name) or outer.medicine(name)

    def by_url(url: str) -> Other | None:
        return entry_of(document, url)

    def resource_of(urn: str) -> dict[str, Any] | None:
        other = by_url(urn)
        return dict(other.resource) if other is not None else None

    inner = replace(
        outer, kind=kind, medicine=medicine, group=document.groups.find, by_url=by_url, lasting=Lasting(resource_of)
    )
    stated = document.members.get("timestamp")
    if stated is None and kind == "document":
        first = document.entries[0].value if document.entries and document.entries[0].kind == "Composition" else None
        stated = first["resource"].get("date") if first else None
    if stated is None:
        return inner, None
    try:
        return inner.made_at(stated), None
    except ValueError as error:
        return replace(inner, stated=None, sent=None), f"timestamp: {error}"


def _check_version(document: Document) -> None:
    _refuse_foreign(document.members)
    for held in document.entries:
        if held.kind and (foreign := foreign_type(held.kind)) is not None:
            raise UnsupportedVersion(f"{foreign}; {TAKEN}")


def _refuse_foreign(resource: object) -> None:
    if isinstance(resource, dict):
        kind = resource.get("resourceType")
        foreign = (foreign_type(kind) if isinstance(kind, str) else None) or foreign_declaration(resource)
        if foreign is not None:
            raise UnsupportedVersion(f"{foreign}; {TAKEN}")


def _short(value: object) -> str:
    text = str(value) if isinstance(value, str) else "unnamed"
    return text[:40] if text.isprintable() else "unnamed"
