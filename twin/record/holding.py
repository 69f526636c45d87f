"""What holds of a patient at a moment: how long a diagnosis, a medicine, a pregnancy or dialysis on record lasts.

A medicine holds while it is taken. Most diagnoses hold from their first day on: a resolved heart attack is still one in
the record. Pregnancy and dialysis end, also where nobody wrote it down. Not recorded counts as not there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from twin.record.fact import Fact
from twin.record.timeline import Timeline

PREGNANCY, DIALYSIS, KIDNEY_TRANSPLANT = "pregnancy", "dialysis", "kidney_transplant"
SESSION = "dialysis_session"
NOT_PREGNANT = "not_pregnant"
LONGEST_PREGNANCY = timedelta(weeks=44)
"""House value: a pregnancy whose end nobody recorded holds so long from its first day on record, and not for ever."""
AFTER_DIALYSIS = timedelta(days=90)
"""House value: so long after a session somebody counts as on dialysis; chronic dialysis is there every few days."""
ENDING = (PREGNANCY, DIALYSIS)
"""Concepts that stop to hold though nobody says so."""
WEEK, DAY = timedelta(days=7), timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Spell:
    """From when to when a fact makes its concept hold; `end` None: for good."""

    start: datetime
    end: datetime | None
    fact: Fact

    def covers(self, at: datetime) -> bool:
        """Return True where it holds at `at`, its last moment left out."""
        return self.start <= at and (self.end is None or self.end > at)


def spells(timeline: Timeline, concept: str) -> tuple[Spell, ...]:
    """Return when a concept held, one spell a fact, oldest first."""
    facts = timeline.series(concept)
    if not facts:
        return ()
    match concept:
        case "pregnancy":
            return tuple(_pregnancies(facts))
        case "dialysis":
            return tuple(_on_dialysis(timeline, facts))
        case _:
            return tuple(map(_spell, facts))


def weekly(timeline: Timeline, concept: str) -> tuple[Spell, ...]:
    """Return when a treatment was given on two days within a week or for 24 hours, or was said to go on; oldest first.

    So MELD counts dialysis (Kamath, Hepatology 2001;33:464): whoever is said to depend on it has it that often. What is
    stated twice of one day is one session.
    """
    lasting = [spell for spell in spells(timeline, concept) if not _is_session(spell.fact)]
    sessions = [fact for fact in timeline.series(concept) if _is_session(fact)]
    a_day = {fact.observed_at.date(): fact for fact in reversed(sessions)}
    twice = [
        Spell(start=later.observed_at, end=first.observed_at + WEEK, fact=later)
        for first, later in pairwise(a_day[day] for day in sorted(a_day))
        if later.observed_at < first.observed_at + WEEK
    ]
    whole_days = [
        Spell(start=fact.observed_at + DAY, end=fact.ended_at + WEEK, fact=fact)
        for fact in sessions
        if fact.ended_at is not None and fact.ended_at >= fact.observed_at + DAY
    ]
    return tuple(sorted([*lasting, *twice, *whole_days], key=lambda spell: (spell.start, spell.fact.id)))


def holding(timeline: Timeline, concept: str, at: datetime) -> Fact | None:
    """Return the newest fact by which a concept holds at `at`, if any."""
    newest_first = (
        reversed(spells(timeline, concept)) if concept in ENDING else map(_spell, reversed(timeline.series(concept)))
    )
    return next((spell.fact for spell in newest_first if spell.covers(at)), None)


def since(timeline: Timeline, concept: str) -> datetime | None:
    """Return when a concept first held."""
    return next((spell.start for spell in spells(timeline, concept)), None)


def _spell(fact: Fact) -> Spell:
    """A medicine while it is taken, all else for good."""
    return Spell(start=fact.observed_at, end=fact.ended_at if fact.kind == "medication" else None, fact=fact)


def _pregnancies(facts: tuple[Fact, ...]) -> Iterator[Spell]:
    """A pregnancy ends as recorded, when a later answer says so, or when none lasts longer from its first fact on."""
    denied = [fact.observed_at for fact in facts if fact.derived.code == NOT_PREGNANT]
    first: datetime | None = None
    over = None  # when the pregnancy that the last facts told of was over
    for fact in facts:
        if fact.derived.code == NOT_PREGNANT:
            continue
        if first is None or over is None or fact.observed_at >= over:
            first = fact.observed_at
        stated = [] if fact.ended_at is None else [fact.ended_at]
        over = min([first + LONGEST_PREGNANCY, *stated, *(at for at in denied if at > fact.observed_at)])
        yield Spell(start=fact.observed_at, end=over, fact=fact)


def _on_dialysis(timeline: Timeline, facts: tuple[Fact, ...]) -> Iterator[Spell]:
    """A session tells of the months after it, a diagnosis holds until it ends; a new kidney ends both.

    A new kidney is one that is grafted, or is first said to be there; a graft that fails ends nothing.
    """
    grafts = [fact for fact in timeline.series(KIDNEY_TRANSPLANT) if fact.derived.signal == KIDNEY_TRANSPLANT]
    grafted = [fact.observed_at for fact in grafts if fact.kind == "procedure" or fact is grafts[0]]
    for fact in facts:
        end = fact.ended_at
        if _is_session(fact):
            end = (end or fact.observed_at) + AFTER_DIALYSIS
        ends = [*([] if end is None else [end]), *(at for at in grafted if at > fact.observed_at)]
        yield Spell(start=fact.observed_at, end=min(ends, default=None), fact=fact)


def _is_session(fact: Fact) -> bool:
    """Whether a fact tells of one treatment, not of depending on it."""
    return fact.kind == "procedure" or fact.derived.signal == SESSION
