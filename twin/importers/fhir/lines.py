"""NDJSON: one resource a line, read line by line in constant memory; a line that can't be read is a reject of its own.

Source: hl7.org/fhir/uv/bulkdata (Bulk Data Access), NDJSON of an export and its log.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from twin.errors import UnreadableInput
from twin.importers.base import Item, Reject
from twin.importers.content import Content
from twin.importers.fhir.document import read_document
from twin.importers.fhir.envelope import Envelope
from twin.importers.fhir.scan import Scanner, canonical, text_of, whole

MAX_LINE_BYTES = 16 * 2**20
_KEPT_OF_A_LONG_LINE = 10_000  # characters: enough to see which resource it was
_BOM = b"\xef\xbb\xbf"


def is_ndjson(content: Content) -> bool:
    """True where the first line is a whole JSON object and something follows it, or the name says so."""
    if content.base_name.endswith((".ndjson", ".jsonl")):
        return True
    first, newline, rest = content.head.removeprefix(_BOM).lstrip().partition(b"\n")
    if not newline and len(content.head) < content.size:
        first = _first_line(content)
        if len(first) > MAX_LINE_BYTES or len(first) >= content.size:
            return False
    elif not rest.strip() and len(content.head) >= content.size:
        return False
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def read_lines(content: Content, envelope: Envelope) -> Iterator[Item]:
    """Yield the items of every line, in the order of the lines."""
    with content.open() as file:
        for number, line in lines(file):
            where = f"line {number}"
            if len(line) > MAX_LINE_BYTES:
                yield _refused(where, line, "too_long", f"a line longer than {MAX_LINE_BYTES // 2**20} MB")
                continue
            try:
                text = text_of(line)
                items = list(read_document(text, envelope, where=where))
            except UnreadableInput as error:
                unread = _log_line(line, where)
                yield unread or _refused(where, line, "invalid", str(error))
                continue
            yield from items


def lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of every line that is not blank; of one too long, a byte more than is allowed."""
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if number == 1:
            line = line.removeprefix(_BOM)
        if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
        if line.strip():
            yield number, line


def _first_line(content: Content) -> bytes:
    with content.open() as file:
        return next((line for _, line in lines(file)), b"")


def _log_line(line: bytes, where: str) -> Item | None:
    """A line of an export's log: it tells what was exported, and of no patient."""
    try:
        value, _, _ = whole(text_of(line), Scanner())
    except UnreadableInput:
        return None
    if not isinstance(value, dict) or not {"exportId", "eventId"} <= value.keys():
        return None
    event = value["eventId"] if isinstance(value["eventId"], str) and value["eventId"].isidentifier() else "unnamed"
    return _unread(where, line, value, f"a line of the export's log ({event[:40]})")


def _unread(where: str, line: bytes, value: dict[str, Any], why: str) -> Item:
    fingerprint = hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()
    return Item(
        key=f"log#{fingerprint}", fingerprint=fingerprint, kind="log", where=where, not_used=why,
        body=line.decode("utf-8").strip(),
    )  # fmt: skip


def _refused(where: str, line: bytes, reason: str, detail: str) -> Item:
    fingerprint = hashlib.sha256(line).hexdigest()
    return Item(
        key=f"line#{fingerprint}",
        fingerprint=fingerprint,
        kind="unknown",
        where=where,
        reject=Reject(where=where, reason=reason, detail=detail),
        body=line[: MAX_LINE_BYTES if reason != "too_long" else _KEPT_OF_A_LONG_LINE]
        .decode("utf-8", "replace")
        .strip(),
    )
