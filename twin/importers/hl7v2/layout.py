"""Which segments belong together? Patients, orders and texts within one message."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

from twin.importers.hl7v2.attached import is_uuencoded
from twin.importers.hl7v2.document import is_part
from twin.importers.hl7v2.grammar import SEGMENT, Segment
from twin.importers.hl7v2.header import Header
from twin.importers.hl7v2.outcome import Refused
from twin.importers.hl7v2.person import Person, person_of
from twin.importers.hl7v2.result import Order, twins
from twin.importers.hl7v2.value import is_line_of_text

# Messages whose structure repeats the patient (chapters 4, 5, 7), and events that speak of two (chapter 3)
_SEVERAL_PATIENTS = frozenset({"ORU", "OUL", "OPU", "ORF", "RSP", "TBR", "ERP", "CRM", "CSU", "PPR", "PGL", "PPP"})
_TWO_PATIENTS = frozenset(
    {"A17", "A18", "A24", "A30", "A34", "A35", "A36", "A37", "A39", "A40", "A41", "A42", "A43", "A44", "A45", "A46",
     "A47", "A48", "A49", "A50", "A51"}
)  # fmt: skip
_ABOUT_THE_PERSON = frozenset(
    {"PID", "PD1", "NK1", "PV1", "PV2", "NTE", "ARV", "ROL", "PRT", "DB1", "EVN", "SFT", "MSH"}
)
_TWO = Refused(reason="two_patients", detail="a second PID names another person, and this message is about one")


class Placed(NamedTuple):
    """A segment with what it stands in."""

    segment: Segment
    person: Person
    order: Order
    visit: Segment | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stray:
    """Lines of a message that are no segments."""

    where: str
    lines: tuple[str, ...]


@dataclass(kw_only=True, slots=True)
class Layout:
    """One message, laid out."""

    header: Header
    named: str
    placed: list[Placed | Stray] = field(default_factory=list)
    event: Segment | None = None
    timings: dict[str, Segment] = field(default_factory=dict)
    """By the place of an RXO or RXE, the TQ1 that follows it."""
    documents: dict[str, tuple[Segment, ...]] = field(default_factory=dict)
    """By the place of a TXA, the OBX that hold its words."""
    lines: dict[str, tuple[Segment, ...]] = field(default_factory=dict)
    """By the place of an OBX, those that go on with its text."""
    within: dict[str, str] = field(default_factory=dict)
    """By the place of an OBX or RXO that is read with another segment, the place of that one."""
    twins: dict[str, tuple[str, Segment]] = field(default_factory=dict)


def lay_out(lines: list[str], header: Header, named: str) -> Layout:
    """Return the message of these lines; the first is its MSH. `named` stands for a patient that no PID names."""
    layout = Layout(header=header, named=named)
    person = Person(whose=named)
    order, visit, carried = Order(person=person), None, None
    document: list[Segment] = []
    medicine: Segment | None = None
    has_results = False
    for each in _segments(lines, header):
        if isinstance(each, Stray):
            layout.placed.append(each)
            continue
        name = each.name
        if name == "PID":
            person = _next_person(person_of(each, header, named), person, header, has_results=has_results)
            order, visit, carried, has_results = Order(person=person), None, None, False
        elif name == "ORC":
            order, medicine = Order(person=person, orc=each, specimen=carried), None
        elif name == "OBR":
            if order.obr is None and not order.observations:
                order.obr = each
            else:
                order = Order(person=person, obr=each, specimen=carried)
        elif name == "SPM":
            if header.type == "OUL":  # there the specimen stands before its orders
                carried = each
                order = Order(person=person, specimen=each)
            elif order.specimen is None:
                order.specimen = each
        elif name == "OBX":
            if document and is_part(each):
                document.append(each)
                layout.within[each.where] = document[0].where
            else:
                order.observations.append(each)
        elif name == "PV1":
            visit = each
        elif name == "EVN":
            layout.event = each
        elif name == "TXA" and header.type == "MDM":
            _close(layout, document)
            document = [each]
        elif name in ("RXO", "RXE"):
            if medicine is not None and medicine.name == "RXO" and name == "RXE":
                layout.within[medicine.where] = each.where
            medicine = each
        elif name == "TQ1" and medicine is not None:
            layout.timings.setdefault(medicine.where, each)
        has_results = has_results or name not in _ABOUT_THE_PERSON
        layout.placed.append(Placed(each, person, order, visit))
    _close(layout, document)
    _join(layout)
    return layout


def _segments(lines: list[str], header: Header) -> Iterator[Segment | Stray]:
    marks, base = header.segment.marks, header.segment.where
    counts: dict[str, int] = {}
    strays: list[str] = []
    began = 0
    yield header.segment
    for number, line in enumerate(lines[1:], 2):
        name = line[:3]
        if _is_name(name) and line[3:4] in ("", marks.separator) and "\0" not in line:
            if strays:
                yield Stray(where=f"{base}.line[{began}]", lines=tuple(strays))
                strays = []
            counts[name] = count = counts.get(name, 0) + 1
            yield Segment.of(line, marks, f"{base}.{name}[{count}]")
        else:
            began = began if strays else number
            strays.append(line)
    if strays:
        yield Stray(where=f"{base}.line[{began}]", lines=tuple(strays))


@lru_cache(maxsize=4_096)
def _is_name(text: str) -> bool:
    return SEGMENT.fullmatch(text) is not None


def _next_person(new: Person, before: Person, header: Header, *, has_results: bool) -> Person:
    """Return the person of a further PID; where it is another's and should not be, nothing of that group is taken."""
    if before.segment is None or not new.is_another_than(before):
        return new
    allowed = has_results if header.type in _SEVERAL_PATIENTS else header.event in _TWO_PATIENTS
    return new if allowed else replace(new, refused=new.refused or _TWO)


def _close(layout: Layout, document: list[Segment]) -> None:
    if document:
        layout.documents[document[0].where] = tuple(document[1:])


def _join(layout: Layout) -> None:
    """Find the OBX that are lines of one text, and those that only their number tells apart."""
    orders = {id(each.order): each.order for each in layout.placed if isinstance(each, Placed)}
    for order in orders.values():
        if len(order.observations) < 2:
            continue
        heads: list[Segment] = []
        tails: list[Segment] = []
        for obx in order.observations:
            if heads and _goes_on(heads[-1], obx):
                tails.append(obx)
                layout.within[obx.where] = heads[-1].where
            else:
                if tails:
                    layout.lines[heads[-1].where] = tuple(tails)
                    tails = []
                heads.append(obx)
        if tails:
            layout.lines[heads[-1].where] = tuple(tails)
        layout.twins.update(twins(heads))


def _goes_on(first: Segment, obx: Segment) -> bool:
    """True where an OBX is a further line of the text that began in another: all but its words is the same."""
    return (
        first.raw(3) == obx.raw(3)
        and first.raw(2) == obx.raw(2)
        and is_line_of_text(obx)
        and all(first.raw(field) == obx.raw(field) for field in (4, 11, 14))
        and not is_uuencoded(first.raw(5))
        and not is_uuencoded(obx.raw(5))
    )
