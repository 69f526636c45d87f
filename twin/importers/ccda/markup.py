"""Bytes to the elements of a CDA document or a piece of one, without ever touching a DTD, an entity or the network."""

import re
from functools import cache

from lxml import etree

from twin.errors import UnreadableInput
from twin.importers.ccda.beginning import after_prolog

MAX_BYTES = 64 * 2**20  # a C-CDA document with its scans embedded; one without is below 1 MB
HL7 = "urn:hl7-org:v3"
SDTC = "urn:hl7-org:sdtc"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
SHELL = "urn:patient-twin:shell"

_ENCODINGS = re.compile(
    r"^(utf-?8|utf-?16(-?[lb]e)?|us-ascii|ascii|iso-?8859-\d{1,2}|windows-\d{3,4}|cp125\d|gb18030|gbk|gb2312|big5"
    r"|shift_jis|euc-(jp|kr))$",
    re.IGNORECASE,
)
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_DECLARATION = re.compile(r"\s*<\?xml\s[^>]{0,400}\?>")
_OPENING = f'<document xmlns="{HL7}" xmlns:xsi="{XSI}" xmlns:sdtc="{SDTC}" xmlns:voc="{HL7}/voc">'


def roots(content: bytes) -> tuple[etree._Element, ...]:
    """Return the outermost elements: one for a document, one or several for pieces.

    Everything is read inside an element of our own that declares the prefixes of CDA: pieces cut out of a document
    have lost their declarations. Line numbers stay those of the source.

    Raises:
        UnreadableInput: not well-formed, empty, in a strange encoding, or with a document type.
    """
    text = _DECLARATION.sub(lambda match: "\n" * match[0].count("\n"), _decoded(content), count=1)
    if text.startswith("<!DOCTYPE", after_prolog(text)):
        raise UnreadableInput("has a document type (DTD), which is not taken: entities could hide in it")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        outer = etree.fromstring(f"{_OPENING}{text}</document>".encode(), parser)
    except etree.XMLSyntaxError as error:
        raise UnreadableInput(f"not well-formed XML (line {error.lineno or 0}, column {error.offset or 0})") from None
    except ValueError:  # lone surrogates and the like: text that no XML document can hold
        raise UnreadableInput("not well-formed XML: characters that XML does not allow") from None
    found = tuple(each for each in outer if isinstance(each.tag, str))
    if not found:
        raise UnreadableInput("no XML element in it")
    return found


def local(element: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def name_in(namespace: str, name: str) -> str:
    """Return a name as lxml writes it."""
    return f"{{{namespace}}}{name}"


def child(element: etree._Element | None, *path: str) -> etree._Element | None:
    """Return the first CDA element down a path of names; `sdtc:` marks names of the SDTC extension."""
    for name in path:
        if element is None:
            return None
        element = element.find(_qualified(name))
    return element


def children(element: etree._Element | None, name: str) -> list[etree._Element]:
    """Return the CDA child elements of that name."""
    return [] if element is None else element.findall(_qualified(name))


def attribute(element: etree._Element | None, name: str) -> str:
    """Return an attribute without spaces around it, empty where there is none."""
    return "" if element is None else (element.get(name) or "").strip()


def text_of(element: etree._Element | None, limit: int = 20_000) -> str:
    """Return the text inside an element, spaces collapsed, at most `limit` characters of it."""
    if element is None:
        return ""
    parts: list[str] = []
    length = 0
    for part in element.itertext():
        parts.append(str(part))
        length += len(part)
        if length > 2 * limit:
            break
    return " ".join("".join(parts).split())[:limit]


@cache
def _qualified(name: str) -> str:
    return name_in(SDTC, name[5:]) if name.startswith("sdtc:") else name_in(HL7, name)


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    else:
        declared = _DECLARED.search(content[:400])
        encoding = declared[1].decode("ascii") if declared else "utf-8"
        if encoding.lower().startswith("utf-16") or content.startswith(b"\xef\xbb\xbf"):
            encoding = "utf-8"  # the declaration was read byte by byte: it can't be UTF-16
    if not _ENCODINGS.match(encoding):
        raise UnreadableInput("in a character encoding that is not taken")
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise UnreadableInput(f"not {encoding.lower()} as it says: byte {error.start}") from None
    except LookupError:
        raise UnreadableInput("in a character encoding that is not taken") from None
