"""What was known of one patient at a moment: facts in order, with the questions that scores and organs ask of them."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Literal

from twin.record.codes.concepts import with_broader
from twin.record.death import AFTER_DEATH, MEASURED, alive_until, is_after_death
from twin.record.fact import Absent, Fact, FactKind

Sex = Literal["male", "female", "unknown"]
DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, kw_only=True, slots=True)
class Identifier:
    """An identifier and the system that issued it."""

    system: str
    value: str
    kind: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Patient:
    """Who the facts are about. `id` is ours (a UUID); identifiers are the sources'."""

    id: str
    name: str
    sex: Sex
    birth_date: date | None
    identifiers: tuple[Identifier, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """The facts of one patient known at `as_of`, ordered by the time they were true, then by id.

    Whoever builds one has already left out what was not known at `as_of`; `known(...)` does it for a list. Asked for
    by signal, a measurement made after death comes marked so, and is used for nothing.
    """

    patient: Patient
    as_of: datetime
    facts: tuple[Fact, ...]

    @cached_property
    def _by_signal(self) -> dict[str, tuple[Fact, ...]]:
        grouped: dict[str, list[Fact]] = {}
        for fact in map(self._marked, self.facts):
            if fact.derived.signal is not None:
                for key in with_broader(fact.derived.signal):
                    grouped.setdefault(key, []).append(fact)
        return {key: tuple(facts) for key, facts in grouped.items()}

    def _marked(self, fact: Fact) -> Fact:
        last = self._alive_until
        if last is None or not fact.is_used or fact.kind not in MEASURED or not is_after_death(fact.observed_at, last):
            return fact
        return replace(fact, derived=replace(fact.derived, quality=AFTER_DEATH))

    def about(self, signal: str) -> tuple[Fact, ...]:
        """Every fact of a signal or concept, or of what is a kind of that concept, used or not."""
        return self._by_signal.get(signal, ())

    def series(self, signal: str) -> tuple[Fact, ...]:
        """The facts of a signal that may be computed on, oldest first."""
        return tuple(fact for fact in self.about(signal) if fact.is_used)

    def latest(self, signal: str) -> Fact | Absent:
        """The newest usable fact of a signal."""
        usable = self.series(signal)
        return usable[-1] if usable else Absent(reason="missing_input", detail=signal)

    def of_kind(self, kind: FactKind) -> tuple[Fact, ...]:
        """Every fact of one kind."""
        return tuple(fact for fact in self.facts if fact.kind == kind)

    @cached_property
    def _by_system(self) -> dict[str, tuple[Fact, ...]]:
        grouped: dict[str, list[Fact]] = {}
        for fact in self.of_kind("observation"):
            grouped.setdefault(fact.coding.system, []).append(fact)
        return {system: tuple(facts) for system, facts in grouped.items()}

    def coded_in(self, system: str) -> tuple[Fact, ...]:
        """Every observation coded in a system, used or not."""
        return self._by_system.get(system, ())

    def age(self, at: datetime | None = None) -> float | Absent:
        """Age in years (a) at `at` (default: `as_of`), or at death where that came before; Absent before birth."""
        moment = at or self.as_of
        born, day = self.patient.birth_date, min(moment, self._alive_until or moment).date()
        if born is None:
            return Absent(reason="missing_input", detail="birth_date")
        return Absent(reason="before_birth") if day < born else (day - born).days / DAYS_PER_YEAR

    @cached_property
    def died_at(self) -> datetime | None:
        """When the patient died, as far as known at `as_of`."""
        deaths = self.of_kind("death")
        return deaths[0].observed_at if deaths else None

    @cached_property
    def _alive_until(self) -> datetime | None:
        return alive_until((fact.observed_at, fact.ended_at) for fact in self.of_kind("death"))


def known(facts: tuple[Fact, ...], as_of: datetime) -> tuple[Fact, ...]:
    """Return the facts known at `as_of` and not yet superseded then, ordered by `observed_at`, then id."""
    visible = (
        fact for fact in facts if fact.known_at <= as_of and (fact.superseded_at is None or fact.superseded_at > as_of)
    )
    return tuple(sorted(visible, key=lambda fact: (fact.observed_at, fact.id)))
