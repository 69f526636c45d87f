"""HL7 v2.1 to v2.8 (hl7.org, chapters 2 to 9): the messages of a file or batch to items, one a segment.

ADT, ORU, OUL, ORM / OML, MDM, VXU, RDE and the others are read for what they say of the patient; what the twin has no
use for is named. A file is read message by message and may have any length.
"""

import re
from collections.abc import Iterator

from twin.errors import UnreadableInput, UnsupportedVersion
from twin.importers.base import Context, Importer, Item
from twin.importers.content import Content
from twin.importers.hl7v2.message import Described, read_envelope, read_message, read_stray
from twin.importers.hl7v2.stream import Piece, pieces

_BEGINS = re.compile(rb"(?:\xef\xbb\xbf|[\s\x0b\x1c])*(?:MSH|FHS|BHS)[^\w\s]")
_BEGINS_LATER = re.compile(rb"[\r\n\x0b]MSH[^\w\s]{2,6}[^\r\n]{0,400}\|")  # after a comment, in a file named so
_XML = re.compile(rb"urn:hl7-org:v2xml|<(?:ADT|ORU|MDM|ORM|OML|VXU)_[A-Z0-9]{3}[\s>]")
_V3 = re.compile(rb"<(?:\w+:)?[A-Z]{4}_[A-Z]{2}\d{6}[A-Z]{2}\d{0,2}[\s>]")  # such as PRPA_IN201301UV02
_WIDE = (b"\xff\xfeM\x00S\x00H\x00", b"\xfe\xff\x00M\x00S\x00H")
_NAMES = (".hl7", ".txt", ".msg", ".er7")


def recognises(head: bytes, name: str) -> bool:
    """True for HL7 v2 in its bar form, and for the forms of HL7 that are refused by name."""
    if _BEGINS.match(head) or head.startswith(_WIDE):
        return True
    if name.endswith(_NAMES) and _BEGINS_LATER.search(head):
        return True
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and bool(_XML.search(head) or _V3.search(head))


def read_items(content: Content, context: Context) -> Iterator[Item]:
    """Yield one item a segment, in the order of the file; a PID comes before what is said of its patient.

    Raises:
        UnreadableInput: there is no message in the file.
        UnsupportedVersion: HL7 v3, or v2 in XML.
    """
    _check_form(content.head)
    described = Described()
    messages = batches = 0
    in_batch = in_file = 0
    waiting: Piece | None = None
    counts: dict[str, int] = {}
    with content.open() as file:
        for piece in pieces(file):
            if piece.kind == "message":
                if waiting is not None:
                    yield read_stray(waiting, f"line {waiting.first_line}")
                    waiting = None
                messages += 1
                in_batch += 1
                yield from read_message(piece, messages, context, described)
            elif piece.kind == "envelope":
                name = piece.lines[0][:3].decode()
                counts[name] = counts.get(name, 0) + 1
                said = {"BTS": in_batch, "FTS": batches - in_file}.get(name)
                if name == "BHS":
                    batches += 1
                    in_batch = 0
                elif name == "FHS":
                    in_file = batches
                yield read_envelope(piece, f"{name}[{counts[name]}]", said)
            elif messages or counts:
                yield read_stray(piece, f"line {piece.first_line}")
            else:
                waiting = piece
    if not messages and not counts:
        raise UnreadableInput("no HL7 message: no segment MSH")


def _check_form(head: bytes) -> None:
    if head.startswith(_WIDE):
        raise UnreadableInput("HL7 v2 in UTF-16; send it in UTF-8")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        if _XML.search(head):
            raise UnsupportedVersion("HL7 v2 in XML; this instance takes its bar form (ER7)")
        if _V3.search(head):
            raise UnsupportedVersion("HL7 v3; this instance takes v2.1 to v2.8")


IMPORTER = Importer(key="hl7v2", title="HL7 v2.1 to v2.8 (ER7)", recognises=recognises, read=read_items)
