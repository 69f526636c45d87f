"""What becomes of every segment of one message? Each is an item, in the message's order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from twin.importers.base import Context, Item, Reject
from twin.importers.hl7v2 import document, person
from twin.importers.hl7v2.charset import WrongEncoding, declared, decode
from twin.importers.hl7v2.clock import NotATime
from twin.importers.hl7v2.grammar import NotHL7, Segment
from twin.importers.hl7v2.header import Header, WrongVersion, header_of
from twin.importers.hl7v2.history import READERS, Around
from twin.importers.hl7v2.layout import Layout, Placed, Stray, lay_out
from twin.importers.hl7v2.outcome import Entry, Outcome, Refused, Unused
from twin.importers.hl7v2.result import observation
from twin.importers.hl7v2.stream import MAX_MESSAGE_BYTES, MAX_SEGMENTS, Piece
from twin.importers.hl7v2.unused import REASONS, why_unused
from twin.importers.hl7v2.value import values

_LONGEST_BODY = 64 * 1024  # characters of what is kept around a refused segment, and of refused lines
_REMEMBERED = 50_000  # patients of one file that need not be described again
_MERGES = frozenset({"A18", "A34", "A40"})
_NEVER_READ = frozenset(REASONS) - {"TXA"}
_BOM = "\ufeff"


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """The patients that a file has described so far, with what it said of them; bounded."""

    content: dict[str, str] = field(default_factory=dict)

    def is_known(self, entry: Entry, fingerprint: str) -> bool:
        """True where the same was said of this patient before in this file; remembers it."""
        if self.content.get(entry.key) == fingerprint:
            return True
        if len(self.content) >= _REMEMBERED:
            self.content.clear()
        self.content[entry.key] = fingerprint
        return False


def read_message(piece: Piece, number: int, context: Context, described: Described) -> Iterator[Item]:
    """Yield the items of one message, MSH included; of one that can't be read at all, one reject."""
    where = f"MSH[{number}]"
    try:
        if piece.is_cut:
            raise NotHL7(f"more than {MAX_MESSAGE_BYTES // 2**20} MB or {MAX_SEGMENTS:,} segments in one message")
        codec = declared(piece.lines[0])
        lines, used = decode(piece.lines, codec, has_bom=piece.has_bom)
        if "\0" in lines[0]:
            raise NotHL7("a character that can't be kept (NUL) in MSH")
        header = header_of(lines[0], used, where, context.zone)
    except (NotHL7, WrongEncoding, WrongVersion) as error:
        yield _refused_whole(piece, where, error)
        return
    layout = lay_out(lines, header, f"as named {context.patient or ''}")
    mark = _BOM if codec not in (None, "utf-8") else ""  # a body is kept in UTF-8, whatever MSH-18 says
    maker = _Maker(layout=layout, mark=mark, described=described, is_named=context.patient is not None)
    for placed in layout.placed:
        if isinstance(placed, Stray):
            yield maker.stray(placed)
        else:
            yield from maker.items(placed)


@dataclass(kw_only=True, slots=True)
class _Maker:
    """Makes the items of one message."""

    layout: Layout
    mark: str
    described: Described
    is_named: bool
    around: str = ""
    around_of: tuple[int, int] = (0, 0)

    @property
    def header(self) -> Header:
        return self.layout.header

    def items(self, placed: Placed) -> Iterator[Item]:
        segment = placed.segment
        if segment.name in _NEVER_READ:
            yield _unused(segment, why_unused(segment.name))
            return
        try:
            outcome = self._outcome(placed)
        except NotATime as error:
            outcome = Refused(reason="invalid", detail=str(error))
        if placed.person.refused is not None and isinstance(outcome, Entry):
            outcome = placed.person.refused
        yield self._item(placed, outcome)
        if segment.name == "PID" and (placed.person.key or self.is_named) and placed.person.refused is None:
            if (fault := person.birth_fault(segment)) is not None:
                yield self._item(placed, fault, f"{segment.where}.PID-7")
            if (told := person.death(placed.person, self.header)) is not None:
                yield self._item(placed, told, f"{segment.where}.PID-30")

    def stray(self, stray: Stray) -> Item:
        text = "\r".join(stray.lines)[:_LONGEST_BODY].replace("\0", "\\X00\\")
        reason = "invalid" if any("\0" in line for line in stray.lines) else "no_segment"
        count = len(stray.lines)
        detail = f"{count} {'line is no segment' if count == 1 else 'lines are no segments'}"
        if reason == "invalid":
            detail += ", or hold a character that can't be kept (NUL)"
        fingerprint = sha256(text.encode()).hexdigest()
        return Item(
            key=f"line#{fingerprint}",
            fingerprint=fingerprint,
            kind="line",
            where=stray.where,
            reject=Reject(where=stray.where, reason=reason, detail=detail),
            sent_at=self.header.sent_at,
            body="\r".join((self.mark + self.header.segment.line, text)),
        )

    def _outcome(self, placed: Placed) -> Outcome:
        segment, layout = placed.segment, self.layout
        name = segment.name
        if (whole := layout.within.get(segment.where)) is not None:
            within = values(segment, self.header.sender, has_unit=False) if name == "OBX" else ()
            return (
                Unused(reason=f"{name}: read with {whole.rpartition('.')[2]}") if isinstance(within, tuple) else within
            )
        if name == "OBX":
            return observation(segment, placed.order, self.header, lines=layout.lines.get(segment.where, ()))
        if name == "PID":
            if self.is_named and not placed.person.key and placed.person.refused is None:
                return Unused(reason="PID: names nobody; the patient was named for the whole source")
            return person.describe(placed.person, self.header)
        if name == "MSH":
            return Unused(reason="; ".join(each for each in ("MSH: the message's header", self.header.note) if each))
        if name == "MRG":
            if self.header.event in _MERGES:
                return person.merge(segment, placed.person, self.header)
            return Unused(reason=f"MRG: what {self.header.event or 'this event'} merges or moves is not read")
        if segment.where in layout.documents:
            words = layout.documents[segment.where]
            return document.report(segment, words, placed.order.obr, self._surroundings(placed))
        reader = READERS.get(name)
        return reader(segment, self._surroundings(placed)) if reader is not None else Unused(reason=why_unused(name))

    def _surroundings(self, placed: Placed) -> Around:
        return Around(
            header=self.header,
            person=placed.person,
            event=self.layout.event,
            visit=placed.visit,
            order=placed.order.orc,
            timing=self.layout.timings.get(placed.segment.where),
        )

    def _item(self, placed: Placed, outcome: Outcome, where: str = "") -> Item:
        segment = placed.segment
        where = where or segment.where
        if isinstance(outcome, Unused):
            return _unused(segment, outcome.reason)
        body = self._body(placed)
        if isinstance(outcome, Refused):
            fingerprint = _digest(segment.line)
            return Item(
                key=f"{segment.name}#{fingerprint}{where.removeprefix(segment.where)}",
                fingerprint=fingerprint,
                kind=segment.name,
                where=where,
                subject=placed.person.subject,
                reject=Reject(where=where, reason=outcome.reason, detail=outcome.detail),
                sent_at=self.header.sent_at,
                body=body,
            )
        fingerprint = _digest(outcome.content)
        if outcome.patient is not None and self.described.is_known(outcome, fingerprint):
            return Item(
                key=where,
                fingerprint=fingerprint,
                kind=segment.name,
                where=where,
                not_used="PID: says the same of this patient as an earlier message of the file",
            )
        twin = self.layout.twins.get(segment.where)
        return Item(
            key=outcome.key + twin[0] if twin else outcome.key,
            fingerprint=fingerprint,
            kind=segment.name,
            where=where,
            aliases=outcome.aliases,
            subject=None if outcome.patient is not None or outcome.merge is not None else placed.person.subject,
            patient=outcome.patient,
            facts=outcome.facts,
            merge=outcome.merge,
            version_at=outcome.version_at,
            sent_at=self.header.sent_at,
            body=body,
        )

    def _body(self, placed: Placed) -> str:
        """The segment with what it is read by, as a message of its own."""
        segment, layout, order = placed.segment, self.layout, placed.order
        of = (id(order), id(placed.visit))
        if of != self.around_of:
            frame = (self.header.segment, layout.event, placed.person.segment, placed.visit, order.orc, order.obr)
            self.around = self.mark + "\r".join(each.line for each in frame if each is not None)
            self.around_of = of
        name, where = segment.name, segment.where
        if (
            name == "OBX"
            and len(self.around) <= _LONGEST_BODY
            and order.specimen is None
            and where not in layout.lines
            and where not in layout.twins
        ):
            return f"{self.around}\r{segment.line}"
        own = [segment] if name not in ("PID", "PV1") else []
        own += layout.lines.get(segment.where, ()) or layout.documents.get(segment.where, ())
        if segment.where in layout.twins:
            own.append(layout.twins[segment.where][1])
        if segment.where in layout.timings:
            own.append(layout.timings[segment.where])
        if order.specimen is not None and segment.name == "OBX":
            own.insert(0 if self.header.type == "OUL" else len(own), order.specimen)
        around = self.around if len(self.around) <= _LONGEST_BODY else self.mark + self.header.segment.line
        return "\r".join((around, *(each.line for each in own)))


def _unused(segment: Segment, reason: str) -> Item:
    where = segment.where
    return Item(key=where, fingerprint=_digest(segment.line), kind=segment.name, where=where, not_used=reason)


def read_envelope(piece: Piece, where: str, said: int | None) -> Item:
    """Return the item of a line of a batch; `said` is how many messages or batches came, where the line counts them."""
    line = piece.lines[0].decode("utf-8", "replace").replace("\0", "\\X00\\")
    name, fingerprint = line[:3], _digest(line)
    stated = line[4:].split(line[3:4], 1)[0].strip() if line[3:4] else ""
    if said is not None and stated.isascii() and stated.isdigit() and stated.lstrip("0") != (str(said).lstrip("0")):
        reject = Reject(where=where, reason="wrong_count", detail=f"{name}-1 does not say the {said} that came")
        return Item(
            key=f"{name}#{fingerprint}", fingerprint=fingerprint, kind=name, where=where, reject=reject, body=line
        )
    return Item(key=where, fingerprint=fingerprint, kind=name, where=where, not_used=f"{name}: frames a batch")


def read_stray(piece: Piece, where: str) -> Item:
    """Return the reject of lines that stand before the first message or after a batch."""
    text = b"\r".join(piece.lines[:1_000])[:_LONGEST_BODY].decode("utf-8", "replace").replace("\0", "\\X00\\")
    reject = Reject(where=where, reason="no_segment", detail=f"{len(piece.lines)} lines outside of any message")
    fingerprint = _digest(text)
    return Item(key=f"line#{fingerprint}", fingerprint=fingerprint, kind="line", where=where, reject=reject, body=text)


def _refused_whole(piece: Piece, where: str, error: Exception) -> Item:
    text = b"\r".join(piece.lines)[: _LONGEST_BODY * 4].decode("utf-8", "backslashreplace").replace("\0", "\\X00\\")
    reason = {WrongVersion: "unsupported_version", WrongEncoding: "wrong_encoding"}.get(type(error), "invalid")
    if piece.is_cut:
        reason = "too_large"
    reject = Reject(where=where, reason=reason, detail=f"{error} ({len(piece.lines)} segments)")
    fingerprint = _digest(text)
    return Item(key=f"MSH#{fingerprint}", fingerprint=fingerprint, kind="MSH", where=where, reject=reject, body=text)


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
