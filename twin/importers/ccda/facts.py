"""Which facts one clinical statement of a CDA document states: code, value, when it was true, when it was known."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from lxml import etree

from twin.importers.ccda import standing
from twin.importers.ccda.around import Around
from twin.importers.ccda.codes import Concept, concept, statement_words
from twin.importers.ccda.markup import attribute, child, children, text_of
from twin.importers.ccda.templates import AGES, roots_of
from twin.importers.ccda.times import BadTime, Span, bounds, moment, span
from twin.importers.ccda.values import NO_VALUE, Value, is_embedded, value_of
from twin.record.codes import LOINC, answer_of
from twin.record.fact import Coding, FactDraft, FactKind, KnownBasis
from twin.record.moment import Moment

_SMOKING_STATUS = Coding(system=LOINC, code="72166-2", display="Tobacco smoking status")
"""What the Smoking Status template means: R2.1 fixes this code, R1.1 senders write ASSERTION (22.4.78)."""
_TOBACCO_USE = Coding(system=LOINC, code="11367-0", display="History of tobacco use")  # R2.1, 22.4.85


_NEVER_WAS = frozenset({"not-done", "not-taken", "refuted", "entered-in-error", "cancelled"})


class NotAFact(Exception):
    """The statement can't be dated or coded, and is refused with this reason."""


class NothingSaid(Exception):
    """The statement says by its null flavor, or by what it leaves out, that there is nothing to keep."""


Reader = Callable[[etree._Element, Around], tuple[FactDraft, ...]]


def author_time(statement: etree._Element, around: Around) -> Moment | None:
    """Return when a statement was written, by its own author, else by the one around it."""
    for each in children(statement, "author"):
        try:
            written = moment(child(each, "time"), around.document.zone)
        except BadTime:
            continue  # the statement itself can be dated without its author
        if written is not None:
            return written
    return around.author


def code_of(statement: etree._Element, around: Around) -> Concept:
    """Return what a statement's code means; without one, the words it points to."""
    found = concept(child(statement, "code"), around.document.narrative)
    return found or Concept(words=statement_words(statement, around.document.narrative))


def _results(statement: etree._Element, around: Around) -> tuple[FactDraft, ...]:
    during = _once(_event(statement, around))
    return _observed(statement, around, "observation", standing.of_observation(statement, around), during)


def _observed(
    statement: etree._Element, around: Around, kind: FactKind, status: str, during: Span, meant: Concept | None = None
) -> tuple[FactDraft, ...]:
    meant = meant or _named(code_of(statement, around))
    values = children(statement, "value")
    if any(is_embedded(each) for each in values):
        raise NothingSaid("a file inside the document")
    read = [value_of(each, around.document.narrative) for each in values] or [NO_VALUE]
    facts = [
        _fact(statement, around, kind, meant, during, status, value=each, part=f"value[{number}]" if number else "")
        for number, each in enumerate(read)
    ]
    if all(each is NO_VALUE for each in read):
        judged = value_of(child(statement, "interpretationCode"), around.document.narrative)
        if judged.kind == "code":
            facts.append(_fact(statement, around, kind, meant, during, status, value=judged, part="interpretation"))
    return tuple(facts)


def _habits(statement: etree._Element, around: Around, template: Coding | None = None) -> tuple[FactDraft, ...]:
    """Social history. What is asserted of the patient (pregnancy) is a condition; a habit is an observation."""
    meant = code_of(statement, around)
    if meant.is_assertion() or not meant:
        if template is None:
            return _problems(statement, around)
        meant = Concept(codings=(template, *meant.codings))
    elif template is not None and template.code not in {each.code for each in meant.codings}:
        meant = Concept(codings=(*meant.codings, template), words=meant.words)
    during = _since(statement, around)
    value = child(statement, "value")
    answers = concept(value, around.document.narrative).codings if value is not None else ()
    if during.start is not None and during.end is not None and answer_of("smoking_status", answers) == "former":
        # both ends are those of the smoking (R1.1, 22.4.78): a former smoker is one from the end of it on
        during = Span(start=during.end, stated=during.stated)
    return _observed(statement, around, "observation", standing.of_habit(statement, around), during, meant)


def _smoking(statement: etree._Element, around: Around) -> tuple[FactDraft, ...]:
    return _habits(statement, around, _SMOKING_STATUS)


def _tobacco(statement: etree._Element, around: Around) -> tuple[FactDraft, ...]:
    return _habits(statement, around, _TOBACCO_USE)


def _problems(statement: etree._Element, around: Around) -> tuple[FactDraft, ...]:
    during = _since(statement, around)
    meant = _meaning(statement, around)
    return (_fact(statement, around, "condition", meant, during, standing.of_problem(statement, around, during)),)


def _allergies(statement: etree._Element, around: Around) -> tuple[FactDraft, ...]:
    """The substance; the kind of reaction (allergy to drug, intolerance) stands beside it as a further coding."""
    during = _since(statement, around)
    kind = concept(child(statement, "value"), around.document.narrative)
    substance = _substance(statement, around)
    meant = Concept(codings=(*substance.codings, *kind.codings), words=substance.words) if substance else kind
    if substance and not substance.codings:
        meant = substance
    if not meant:
        meant = _meaning(statement, around)
    return (_fact(statement, around, "allergy", meant, during, standing.of_problem(statement, around, during)),)


def _substance(statement: etree._Element, around: Around) -> Concept:
    for each in children(statement, "participant"):
        entity = child(each, "participantRole", "playingEntity")
        if entity is None:
            continue
        found = concept(child(entity, "code"), around.document.narrative)
        words = " ".join(text_of(name) for name in children(entity, "name"))
        if found or words:
            return found or Concept(words=words)
    return Concept()


def _medications(statement: etree._Element, around: Around) -> tuple[FactDraft, ...]:
    """The medicine, with the dose as its value. A single administration ends when it begins."""
    during = bounds(statement, around.document.zone)
    status = standing.of_medication(statement, around, during)
    if during.is_point and attribute(child(statement, "statusCode"), "code") == "completed":
        during = Span(start=during.start, end=during.start, is_over=True, stated=during.stated)
    material = child(statement, "consumable", "manufacturedProduct", "manufacturedMaterial")
    narrative = around.document.narrative
    meant = (
        concept(child(material, "code"), narrative)
        or Concept(words=text_of(child(material, "name")))
        or Concept(words=statement_words(statement, narrative))
    )
    dose = value_of(child(statement, "doseQuantity"), narrative)
    return (
        _fact(statement, around, "medication", _named(meant), _or_told(during, statement, around), status, value=dose),
    )


def _procedures(statement: etree._Element, around: Around) -> tuple[FactDraft, ...]:
    during = _once(_event(statement, around))
    status = standing.of_procedure(statement, around)
    value = value_of(child(statement, "value"), around.document.narrative)
    return (_fact(statement, around, "procedure", _named(code_of(statement, around)), during, status, value=value),)


def _encounters(statement: etree._Element, around: Around) -> tuple[FactDraft, ...]:
    status = standing.of_encounter(statement, around)
    return (_fact(statement, around, "encounter", code_of(statement, around), _event(statement, around), status),)


def _relatives(statement: etree._Element, around: Around) -> tuple[FactDraft, ...]:
    """A relative's disease, with who it was and the age at onset.

    It is dated by when it was told: the relative's own dates may lie before the patient's birth.
    """
    narrative = around.document.narrative
    relative = around.relative or Concept()
    who = Value(
        kind="code" if relative.codings else "text" if relative else "none",
        text=relative.coding.display or relative.coding.code or None,
        coding=relative.coding if relative.codings else None,
    )
    told = author_time(statement, around) or around.document.made
    during = Span(start=told) if told else span(child(statement, "effectiveTime"), around.document.zone)
    meant, status = _meaning(statement, around), standing.of_problem(statement, around, Span())
    facts = [_fact(statement, around, "family_history", meant, during, status, value=who)]
    age = next((value_of(child(each, "value"), narrative) for each in _inner(statement, AGES)), NO_VALUE)
    if age.kind == "number":
        onset = Value(kind="number", text=age.text, comparator=age.comparator, unit=age.unit, coding=who.coding)
        facts.append(_fact(statement, around, "family_history", meant, during, status, value=onset, part="onset_age"))
    return tuple(facts)


def _deaths(statement: etree._Element, around: Around) -> tuple[FactDraft, ...]:
    meant = concept(child(statement, "value"), around.document.narrative)
    return (_fact(statement, around, "death", meant, _event(statement, around), standing.of_habit(statement, around)),)


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "result": _results,
        "social": _habits,
        "assertion": _habits,
        "smoking": _smoking,
        "tobacco": _tobacco,
        "problem": _problems,
        "allergy": _allergies,
        "medication": _medications,
        "procedure": _procedures,
        "encounter": _encounters,
        "relative": _relatives,
        "death": _deaths,
    }
)
"""The parts that a statement can play (`templates.part_of`) and the function that states its facts."""


def _fact(
    statement: etree._Element, around: Around, kind: FactKind, meant: Concept, during: Span, status: str,
    *, value: Value = NO_VALUE, part: str = "",
) -> FactDraft:  # fmt: skip
    observed = during.first
    if observed is None and status in _NEVER_WAS:
        raise NothingSaid("said not to be so, and no date")
    if observed is None and not meant.codings:
        raise NothingSaid("neither a code nor a time")
    if observed is None:
        raise NotAFact("no effective time")
    known_at, basis = known(observed, author_time(statement, around), around.document.made)
    return FactDraft(
        kind=kind,
        coding=meant.coding,
        other_codings=meant.others,
        value_kind=value.kind,
        value=value.text,
        value_coding=value.coding,
        comparator=value.comparator,
        unit=value.unit,
        observed_at=observed.start,
        ended_at=during.end.end if during.end else None,
        known_at=known_at,
        known_basis=basis,
        where=around.path,
        resource="",
        part=part,
        status=status,
    )


def known(observed: Moment, written: Moment | None, made: Moment | None) -> tuple[datetime, KnownBasis]:
    """Return when it could be known: written by the author, else sent with the document, else assumed."""
    if written is not None:
        return max(written.end, observed.start), "issued"
    if made is not None:
        return max(made.end, observed.start), "message"
    return observed.end, "observed"


def _event(statement: etree._Element, around: Around) -> Span:
    """When something was measured or done: its own time, else its organizer's."""
    own = span(child(statement, "effectiveTime"), around.document.zone)
    return own if own.first is not None else around.time


def _once(during: Span) -> Span:
    """What was measured or done stays true: it does not end."""
    return Span(start=during.first, stated=during.stated)


def _since(statement: etree._Element, around: Around) -> Span:
    return _or_told(span(child(statement, "effectiveTime"), around.document.zone), statement, around)


def _or_told(during: Span, statement: etree._Element, around: Around) -> Span:
    """What lasts and has no beginning is known to be so when it was written, at the latest with the document."""
    if during.first is not None:
        return during
    return Span(start=author_time(statement, around) or around.document.made, is_over=during.is_over)


def _meaning(statement: etree._Element, around: Around) -> Concept:
    """What a statement says in its value; without one, in its words."""
    narrative = around.document.narrative
    value = child(statement, "value")
    found = concept(value, narrative) or Concept(words=text_of(value))
    return _named(found or Concept(words=statement_words(statement, narrative)))


def _named(meant: Concept) -> Concept:
    if not meant:
        raise NothingSaid("neither a code nor words for it")
    return meant


def _inner(statement: etree._Element, templates: frozenset[str]) -> list[etree._Element]:
    inner = (child(each, "observation") for each in children(statement, "entryRelationship"))
    return [each for each in inner if each is not None and templates.intersection(roots_of(each))]
