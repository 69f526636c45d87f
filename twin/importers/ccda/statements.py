"""One clinical statement and those inside it: the facts it states, or why it states none."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lxml import etree

from twin.importers.base import Reject
from twin.importers.ccda import facts as read
from twin.importers.ccda.around import Around
from twin.importers.ccda.codes import concept
from twin.importers.ccda.keys import names_of
from twin.importers.ccda.markup import attribute, child, children, local
from twin.importers.ccda.shell import digest, opening, texts_of, written
from twin.importers.ccda.templates import CONCERNS, HOLDER, STATEMENTS, USED, part_of, roots_of
from twin.importers.ccda.times import NEVER, BadTime, span
from twin.record.fact import FactDraft

MAX_SHELL = 256 * 1024  # characters around a statement; a header with its sections' heads is about 5,000
MAX_STEPS = 40  # steps from the section to a statement: real entries have up to 12
_RELATIONS = ("component", "entryRelationship")
_DONE = frozenset({"EVN", ""})


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What one statement came to. `names` are its possible names, each telling more apart than the one before."""

    kind: str
    where: str
    fingerprint: str
    names: tuple[str, str, str]
    facts: tuple[FactDraft, ...] = ()
    reject: Reject | None = None
    unused: str | None = None
    statement: etree._Element | None = None
    around: Around | None = None

    def content(self) -> str:
        """Return the statement with what it stands in, for a body; empty where that is too much to keep with each."""
        if self.statement is None or self.around is None:
            return ""
        around = self.around
        before = (around.head, texts_of(self.statement, around.document), *around.opening)
        if sum(len(each) for each in (*before, *around.closing)) > MAX_SHELL:
            return ""
        return "".join((*before, written(self.statement), *around.closing))


def statements_in(holder: etree._Element, around: Around, *, is_nested: bool) -> Iterator[Reading]:
    """Yield what the statements directly inside an element came to, and those inside them."""
    for each in holder:
        if isinstance(each.tag, str) and local(each) in STATEMENTS:
            yield from statement_of(each, replace(around, path=place(around, each)), is_nested=is_nested)


def statement_of(statement: etree._Element, around: Around, *, is_nested: bool) -> Iterator[Reading]:
    """Yield what a statement and those inside it came to. `is_nested`: it stands inside a statement of a fact."""
    kind, called = part_of(statement, around.section, is_nested=is_nested)
    if kind == USED:
        return
    if around.path.count("/") > MAX_STEPS:
        yield left_out(statement, around, f"{around.section.name}: nested too deep")
        return
    wrong = _why_not(statement, kind, around)
    if wrong is not None:
        yield left_out(statement, around, wrong)
    elif kind == HOLDER:
        yield from _held(statement, around)
    else:
        if kind:
            yield stated(statement, kind, around)
        else:
            yield left_out(statement, around, f"{around.section.name}: {called}")
        for number, each in enumerate(children(statement, "entryRelationship"), start=1):
            path = f"{around.path.rpartition(' (line')[0]}/entryRelationship[{number}]"
            yield from statements_in(each, replace(around, path=path), is_nested=True)


def _why_not(statement: etree._Element, kind: str, around: Around) -> str | None:
    """Why a statement is not one about what this patient has or had, None where it is."""
    name, mood = around.section.name, attribute(statement, "moodCode")[:10]
    flavor = attribute(statement, "nullFlavor")[:10]
    if flavor:
        return f"{name}: no information (nullFlavor {flavor if flavor.isalpha() else '?'})"
    if mood not in _DONE and not (kind == "medication" and mood == "INT"):
        return f"{name}: planned or wished for (moodCode {mood if mood.isalpha() else '?'})"
    is_other = child(statement, "subject") is not None or around.relative is not None
    if kind and kind not in ("relative", HOLDER) and is_other:
        return f"{name}: about somebody else than the patient"
    return None


def _held(holder: etree._Element, around: Around) -> Iterator[Reading]:
    """What an organizer or a concern act holds, with the time, author and status it lends."""
    begin, end = opening(holder, heads=True)
    roots = roots_of(holder)
    relative = child(holder, "subject", "relatedSubject")
    try:
        time = span(child(holder, "effectiveTime"), around.document.zone) if local(holder) == "organizer" else NEVER
    except BadTime:
        time = NEVER  # only what has no time of its own misses it, and is refused for that
    status = attribute(child(holder, "statusCode"), "code").lower()
    lent = replace(
        around,
        time=time if time.first is not None else around.time,
        author=read.author_time(holder, around),
        is_negated=around.is_negated or attribute(holder, "negationInd") == "true",
        is_nullified=around.is_nullified or status == "nullified",
        concern=status if CONCERNS.intersection(roots) else around.concern,
        relative=around.relative if relative is None else concept(child(relative, "code"), around.document.narrative),
        relative_digest=around.relative_digest if relative is None else digest(written(relative)),
    )
    is_empty = True
    for name in _RELATIONS:
        for number, each in enumerate(children(holder, name), start=1):
            first, last = opening(each)
            path = f"{around.path.rpartition(' (line')[0]}/{name}[{number}]"
            within = replace(
                lent,
                path=path,
                opening=(*around.opening, begin, first),
                closing=(last, end, *around.closing),
            )
            for found in statements_in(each, within, is_nested=False):
                is_empty = False
                yield found
    if is_empty:
        yield left_out(holder, around, f"{around.section.name}: {local(holder)} that holds nothing")


def stated(statement: etree._Element, kind: str, around: Around) -> Reading:
    """Return what a statement that is read as `kind` (`facts.READERS`) came to."""
    fingerprint = digest(written(statement), around.told())
    facts: tuple[FactDraft, ...] = ()
    reject, unused = None, None
    try:
        facts = read.READERS[kind](statement, around)
    except BadTime as error:
        reject = Reject(where=around.path, reason=error.reason, detail=f"effectiveTime: {error}")
    except read.NotAFact as error:
        reject = Reject(where=around.path, reason="no_date_or_code", detail=str(error))
    except read.NothingSaid as error:
        unused = f"{around.section.name}: {error}"
    return Reading(
        kind=around.section.name,
        where=around.path,
        fingerprint=fingerprint,
        names=names_of(statement, kind, around, fingerprint),
        facts=facts,
        reject=reject,
        unused=unused,
        statement=None if unused else statement,
        around=None if unused else around,
    )


def left_out(element: etree._Element, around: Around, why: str) -> Reading:
    """Return an element that states no fact, with the reason."""
    fingerprint = digest(written(element))
    name = f"not used/{around.section.name}/{fingerprint}"
    return Reading(
        kind=around.section.name,
        where=around.path,
        fingerprint=fingerprint,
        names=(name, name, name),
        unused=why,
    )


def place(around: Around, element: etree._Element) -> str:
    """Return where an element inside these surroundings stands."""
    return at(f"{around.path}/{local(element)}", element)


def at(path: str, element: etree._Element) -> str:
    """Return a path with the line at which its element begins."""
    return f"{path} (line {element.sourceline})"
