"""Every section and entry of a document in turn: what it states, or why it states nothing."""

from collections.abc import Iterator
from dataclasses import replace

from lxml import etree

from twin.importers.ccda.around import Around
from twin.importers.ccda.header import Document
from twin.importers.ccda.markup import HL7, SHELL, attribute, child, children, local, name_in, text_of
from twin.importers.ccda.sections import LOOSE, Section, section_of
from twin.importers.ccda.shell import opening
from twin.importers.ccda.statements import Reading, at, left_out, place, stated, statement_of, statements_in
from twin.importers.ccda.templates import STATEMENTS

_BODY = ("<component><structuredBody><component>", "</component></structuredBody></component>")
_HEADER = Section(name="document header", reads={"encompassingEncounter": "encounter"})


def readings(document: Document) -> Iterator[Reading]:
    """Yield what each section, entry and statement of a document, or of a piece of one, came to."""
    root = document.root
    if local(root) == "ClinicalDocument":
        yield from _header(document)
    sections = list(root.iter(name_in(HL7, "section")))
    for section in sections:
        yield from _section(section, document)
    if not sections and local(root) not in ("ClinicalDocument", "recordTarget"):
        yield from _piece(document)


def _header(document: Document) -> Iterator[Reading]:
    around = Around(document=document, section=_HEADER, path="ClinicalDocument")
    time = child(document.root, "effectiveTime")
    if time is not None and document.made is None and attribute(time, "value"):
        yield left_out(time, replace(around, path=place(around, time)), "the document's own time can't be read")
    visit = child(document.root, "componentOf", "encompassingEncounter")
    if visit is not None and child(visit, "effectiveTime") is not None:
        within = replace(around, opening=("<componentOf>",), closing=("</componentOf>",))
        yield stated(visit, "encounter", replace(within, path=place(around, visit)))
    for number, each in enumerate(children(document.root, "documentationOf"), start=1):
        event = child(each, "serviceEvent")
        if event is not None and attribute(event, "classCode") != "PCPR":
            path = f"ClinicalDocument/documentationOf[{number}]"
            yield left_out(
                event, replace(around, path=at(path, event)), "service event: what was done stands in the body"
            )
    scan = child(document.root, "component", "nonXMLBody")
    if scan is not None:
        kind = attribute(child(scan, "text"), "mediaType")
        named = kind if kind.replace("/", "").replace("-", "").isalnum() and len(kind) <= 40 else "of an unnamed type"
        yield left_out(scan, replace(around, path=place(around, scan)), f"unstructured document ({named})")


def _section(section: etree._Element, document: Document) -> Iterator[Reading]:
    known = section_of(section)
    around = Around(document=document, section=known, path=f"section[{known.name}]")
    entries = children(section, "entry")
    if not entries:
        inner = any(child(each, "section") is not None for each in children(section, "component"))
        if not inner:
            yield left_out(section, replace(around, path=at(around.path, section)), _why_empty(section, known))
        return
    about = "about somebody else than the patient" if child(section, "subject") is not None else None
    begin, end = opening(section, heads=True)
    around = replace(around, head=f"{_BODY[0]}{begin}", closing=(end, _BODY[1]))
    for number, entry in enumerate(entries, start=1):
        path = f"{around.path}/entry[{number}]"
        if known.unused or about:
            yield left_out(entry, replace(around, path=at(path, entry)), known.unused or about or "")
        else:
            yield from _entry(entry, replace(around, path=path))


def _why_empty(section: etree._Element, known: Section) -> str:
    name = known.name if known is not LOOSE else "section"
    flavor = attribute(section, "nullFlavor")[:10]
    if flavor.isalpha():
        return f"{name}: no information (nullFlavor {flavor})"
    return f"{name}: narrative only" if text_of(child(section, "text"), 20) else f"{name}: empty"


def _piece(document: Document) -> Iterator[Reading]:
    """A piece without a section: an entry, a statement, or something of a header."""
    around = Around(document=document, section=LOOSE, path=local(document.root))
    around = replace(
        around,
        head=f'{_BODY[0]}<section xmlns:twin="{SHELL}" twin:loose="true">',
        opening=("<entry>",),
        closing=("</entry></section>", _BODY[1]),
    )
    root = document.root
    if local(root) in STATEMENTS:
        yield from statement_of(root, replace(around, path=at(local(root), root)), is_nested=False)
    elif any(local(each) in STATEMENTS for each in root if isinstance(each.tag, str)):
        yield from statements_in(root, around, is_nested=False)
    else:
        yield left_out(
            root, replace(around, path=at(local(root), root)), f"{local(root)[:40]}: a piece without an entry"
        )


def _entry(entry: etree._Element, around: Around) -> Iterator[Reading]:
    begin, end = opening(entry)
    within = replace(around, opening=(*around.opening, begin), closing=(end, *around.closing))
    if not any(local(each) in STATEMENTS for each in entry if isinstance(each.tag, str)):
        yield left_out(entry, replace(around, path=at(around.path, entry)), f"{around.section.name}: empty entry")
        return
    yield from statements_in(entry, within, is_nested=False)
