"""A piece of a document that stands on its own: the statement as received, inside as little else as it needs."""

import hashlib
import re
from copy import deepcopy
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from twin.importers.ccda.header import Document
from twin.importers.ccda.markup import HL7, SDTC, SHELL, XSI, child, local, name_in

_HEADS = frozenset({"templateId", "id", "code", "title", "statusCode", "effectiveTime", "author", "subject"})
_DECLARED = re.compile(r"\sxmlns(?::[\w.-]+)?=(?:\"[^\"]*\"|'[^']*')")
_BETWEEN = re.compile(r">\s+<")
APART = name_in(SHELL, "apart")
"""An attribute of our shells: how much more than its id an entry's key needs (see `keys`)."""


def written(element: etree._Element) -> str:
    """Return the markup of an element, without what follows it."""
    return str(etree.tostring(element, encoding="unicode", with_tail=False))


def opening(element: etree._Element, *, heads: bool = False) -> tuple[str, str]:
    """Return the opening of an element, with those children that say what it is where `heads`, and its closing."""
    bare = etree.Element(element.tag, attrib=dict(element.attrib), nsmap=element.nsmap)
    bare.text = " "  # an empty element would be written without a closing
    if heads:
        bare.extend([deepcopy(each) for each in element if isinstance(each.tag, str) and local(each) in _HEADS])
    begin, _, end = written(bare).rpartition("</")
    return begin, f"</{end}"


def header_of(document: Document) -> str:
    """Return what stands before the body: the document's name and time, and whom it is about."""
    if local(document.root) != "ClinicalDocument":
        return "".join(written(each) for each in document.targets)
    named = (child(document.root, name) for name in ("id", "effectiveTime", "setId"))
    return "".join(written(each) for each in (*named, *document.targets) if each is not None)


def body_of(header: str, content: str, *, apart: int = 0) -> str:
    """Return a document of one entry that reads to the same item."""
    mark = f' xmlns:twin="{SHELL}" twin:apart="{apart}"' if apart else ""
    return (
        f'<ClinicalDocument xmlns="{HL7}" xmlns:xsi="{XSI}" xmlns:sdtc="{SDTC}"{mark}>'
        f"{header}{content}</ClinicalDocument>"
    )


def texts_of(statement: etree._Element, document: Document) -> str:
    """Return the narrative that a statement points into, as a section's text; empty where it points nowhere."""
    names = {str(each.get("value", "")).strip() for each in statement.iter(name_in(HL7, "reference"))}
    found = [(name.removeprefix("#"), document.narrative.text(name)) for name in sorted(names) if name]
    parts = (f"<content ID={quoteattr(name)}>{escape(text)}</content>" for name, text in found if text)
    inside = "".join(parts)
    return f"<text>{inside}</text>" if inside else ""


def digest(markup: str, *told: str) -> str:
    """Return the SHA-256 of an element's content, whatever the declarations and spaces around it."""
    content = _BETWEEN.sub("><", _DECLARED.sub("", markup))
    return hashlib.sha256("\x1f".join((*told, " ".join(content.split()))).encode()).hexdigest()
