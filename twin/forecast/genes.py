"""Which genotype moves a signal: published mean effects of the panel's variants (`data/genes.csv`).

Somebody has a genotype from birth: an effect on the level moves where the first reading is expected, one on the slope
what is expected a year from then on, each with its scatter, so that readings soon outweigh it. An effect is the average
of the people studied, most of one ancestry, and says nothing for certain of one person. Calls that are not final, can't
be counted or contradict each other move nothing, and no genotype does after a liver transplant: most of them act there.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Literal, get_args

from twin.forecast.dynamics import Entry
from twin.forecast.group import Group
from twin.forecast.kernels import RAMP
from twin.forecast.motion import rows
from twin.forecast.starts import Effect, effect_of, is_adult, is_replaced
from twin.record.genome.called import sure_copies
from twin.record.genome.panel import panel
from twin.record.holding import since
from twin.record.timeline import Timeline

People = Literal["european", "african_american", "several"]
"""Whom most of the people studied descend from; `several`: pooled over ancestries."""
OTHER_LIVER = "liver_transplant"
_TOGETHER = "+"
_AT_LEAST, _EXACTLY = ">=", "="


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """So many copies of the effect alleles of these variants together, or at least so many."""

    rsids: tuple[str, ...]
    copies: int
    is_least: bool

    def holds(self, copies: int) -> bool:
        """Return True where that many copies fulfil it."""
        return copies >= self.copies if self.is_least else copies == self.copies


@dataclass(frozen=True, kw_only=True, slots=True)
class Gene:
    """A genotype (all conditions hold) with its effect on one signal, found mostly in `people`."""

    cause: str
    conditions: tuple[Condition, ...]
    effect: Effect
    people: People


@dataclass(frozen=True, kw_only=True, slots=True)
class Carried:
    """A genotype that a patient has; `fact_id`: the newest call it rests on."""

    gene: Gene
    fact_id: int


@cache
def genes() -> Mapping[str, tuple[Gene, ...]]:
    """Every published effect of a genotype, by the signal it moves."""
    found: dict[str, list[Gene]] = {}
    for row in rows("genes.csv"):
        found.setdefault(row["signal"], []).append(_gene(row))
    return {key: tuple(each) for key, each in found.items()}


def variants_of(keys: Iterable[str]) -> frozenset[str]:
    """Return the rs numbers that decide whether a genotype moves any of these signals."""
    moving = (gene for key in keys for gene in genes().get(key, ()))
    return frozenset(rsid for gene in moving for condition in gene.conditions for rsid in condition.rsids)


def carried(timeline: Timeline, key: str, first: datetime) -> tuple[Carried, ...]:
    """Return the genotypes that move a signal first read at `first`.

    A slope only in who was an adult then, nothing in a kidney or a liver that is another's.
    """
    every = genes().get(key, ())
    grafted = since(timeline, OTHER_LIVER)  # one that a record ends is one still
    if not every or (grafted is not None and grafted <= timeline.as_of) or is_replaced(timeline, (key,)):
        return ()
    acts = (gene for gene in every if gene.effect.kind != RAMP or is_adult(timeline, first))
    return tuple(each for gene in acts if (each := _carried(timeline, gene)) is not None)


def inborn(timeline: Timeline, group: Group, firsts: Mapping[str, datetime]) -> Iterator[tuple[Carried, Entry]]:
    """Yield what the group takes in of a genome, with what it comes of; `firsts`: the first reading of each signal.

    Signals that were never read are left out: nobody asks where they stand.
    """
    for place, each in enumerate(group.motions):
        if each.key in firsts:
            for one in carried(timeline, each.key, firsts[each.key]):
                effect = one.gene.effect
                yield (
                    one,
                    Entry(
                        at=firsts[each.key], place=place, kind=effect.kind, value=effect.value, variance=effect.sd**2
                    ),
                )


def _carried(timeline: Timeline, gene: Gene) -> Carried | None:
    newest = []
    for condition in gene.conditions:
        calls = [sure_copies(timeline, rsid) for rsid in condition.rsids]
        known = [call for call in calls if call is not None]
        if len(known) < len(calls) or not condition.holds(sum(copies for copies, _ in known)):
            return None
        newest += [fact for _, fact in known]
    return Carried(gene=gene, fact_id=max(newest, key=lambda fact: (fact.known_at, fact.id)).id)


def _gene(row: Mapping[str, str]) -> Gene:
    named = f"genes.csv: {row['cause']} on {row['signal']}"
    people = next((each for each in get_args(People) if each == row["people"]), None)
    if people is None:
        raise ValueError(f"{named}: no people are called {row['people']!r}")
    conditions = tuple(_condition(text, named) for text in row["genotype"].split())
    return Gene(cause=row["cause"], conditions=conditions, effect=effect_of(row, named), people=people)


def _condition(text: str, named: str) -> Condition:
    """One condition as the table writes it, `rs1=2` or `rs1+rs2>=2`."""
    sign = _AT_LEAST if _AT_LEAST in text else _EXACTLY
    variants, _, copies = text.partition(sign)
    rsids = tuple(variants.split(_TOGETHER))
    if not copies.isdigit() or not all(rsid in panel() for rsid in rsids):
        raise ValueError(f"{named}: {text!r} is no condition on variants of the panel")
    return Condition(rsids=rsids, copies=int(copies), is_least=sign == _AT_LEAST)
