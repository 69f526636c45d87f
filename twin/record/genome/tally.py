"""What polygenic scores come to for one person, summed up while their genome streams by once.

A site without a record, a missing genotype and a site whose strand can't be told add nothing and are no zero: they are
counted, and below three quarters of the variants there is no score. Missing variants are not filled in with a
population's mean, so the sum is comparable only among people with the same variants called.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import fsum

import numpy as np
from numpy.typing import NDArray

from twin.record.fact import Absent
from twin.record.genome.builds import Build, chromosome, place_key
from twin.record.genome.scoring import DOMINANT, NOWHERE, RECESSIVE, ScoringFile, rs_number
from twin.record.genome.site import UNNAMED, Site, complement, is_ambiguous

LEAST_MATCHED = 0.75  # issue 3, must 8; also the default of the PGS Catalog Calculator (min_overlap)
_BY_RS = 62 << 40  # apart from every place_key, whose chromosome codes end at 25

_Pair = tuple[str, tuple[str, ...]]
Keys = NDArray[np.int64]
_NONE: Keys = np.array([], dtype=np.int64)


@dataclass(slots=True)
class Tally:
    """One score's running sum. Every variant ends in exactly one of the counts, or in none: it had no record."""

    score: ScoringFile
    by: str
    contributions: "array[float]" = field(default_factory=lambda: array("d"))
    is_seen: bytearray = field(default_factory=bytearray)
    flipped: int = 0
    ambiguous: int = 0
    duplicated: int = 0
    unplaced: int = 0
    missing: int = 0
    filtered: int = 0
    mismatched: int = 0

    @property
    def matched(self) -> int:
        """How many variants were found with a genotype and counted."""
        return len(self.contributions)

    @property
    def rate(self) -> float:
        """The share of all the score's variants that was counted."""
        return self.matched / self.score.variants

    def counts(self) -> str:
        """Return the counts for a reader, only those that are not 0."""
        told = {
            "strand flipped": self.flipped,
            "ambiguous strand, left out": self.ambiguous,
            "listed twice, left out": self.duplicated,
            "without a place": self.unplaced,
            "genotype missing": self.missing,
            "filter not passed": self.filtered,
            "other alleles": self.mismatched,
        }
        parts = [f"{count} {name}" for name, count in told.items() if count]
        return "; ".join([f"{self.matched} of {self.score.variants} variants matched by {self.by}", *parts])

    def total(self) -> float | Absent:
        """Return the weighted sum of effect alleles (no unit), or why there is none."""
        if self.by == "nothing":
            return Absent(reason="other_build", detail="the score has neither places in this build nor rs numbers")
        if self.rate < LEAST_MATCHED:
            return Absent(reason="few_variants", detail=f"{100 * self.rate:.1f} % matched, {self.counts()}")
        return fsum(self.contributions)


class Tallies:
    """All installed scores, matched in one pass by place, or by rs number where a score has no place in the build."""

    def __init__(self, scores: Iterable[ScoringFile], build: Build) -> None:
        self.tallies: list[Tally] = []
        keys, owners, rows = [_NONE], [_NONE], [_NONE]
        for number, score in enumerate(_one_each(scores, build)):
            tally = Tally(score=score, by=_way(score, build), is_seen=bytearray(score.variants))
            self.tallies.append(tally)
            usable, places = _usable(tally)
            keys.append(places)
            owners.append(np.full(len(usable), number))
            rows.append(usable)
        order = np.argsort(np.concatenate(keys), kind="stable")
        self._keys, self._owners, self._rows = (
            array("q", np.concatenate(column)[order].astype(np.int64).tobytes()) for column in (keys, owners, rows)
        )
        self._has_rs = bool(self._keys) and self._keys[-1] >= _BY_RS

    def __bool__(self) -> bool:
        return bool(self._keys)

    def take(self, site: Site) -> bool:
        """Count a site in every score that has it; True where any has."""
        found = self._at(place_key(site.chromosome, site.position), site)
        if self._has_rs and site.names != ".":
            for name in site.names.split(";"):
                number = rs_number(name)
                if number != NOWHERE:
                    found = self._at(_BY_RS | number, site) or found
        return found

    def may_have(self, contig: str, position: int, names: str) -> bool:
        """Return whether any score has a variant of this place or name: cheap, asked before a line is read whole."""
        called = chromosome(contig)
        if called is None:
            return False
        if self._holds(place_key(called, position)):
            return True
        return self._has_rs and any(
            number != NOWHERE and self._holds(_BY_RS | number) for number in map(rs_number, names.split(";"))
        )

    def _holds(self, key: int) -> bool:
        index = bisect_left(self._keys, key)
        return index < len(self._keys) and self._keys[index] == key

    def _at(self, key: int, site: Site) -> bool:
        index = bisect_left(self._keys, key)
        is_found = False
        while index < len(self._keys) and self._keys[index] == key:
            is_found = True
            _count(self.tallies[self._owners[index]], self._rows[index], site)
            index += 1
        return is_found


def _one_each(scores: Iterable[ScoringFile], build: Build) -> list[ScoringFile]:
    """Return one file for each score: where it is installed in both builds, the one that has the genome's."""
    chosen: dict[str, ScoringFile] = {}
    for score in scores:
        if score.id not in chosen or score.build == build:
            chosen[score.id] = score
    return list(chosen.values())


def _way(score: ScoringFile, build: Build) -> str:
    if score.build == build:
        return "place"
    return "rs number" if any(number != NOWHERE for number in score.rs_numbers) else "nothing"


def _usable(tally: Tally) -> tuple[Keys, Keys]:
    """Return the rows that can be matched at all and their keys, both (rows,); count the others."""
    score = tally.score
    keys = np.frombuffer(score.places if tally.by == "place" else score.rs_numbers, dtype=np.int64)
    pair = np.frombuffer(score.pair, dtype=np.uint32)
    is_placed = (keys != NOWHERE) & (tally.by != "nothing")
    is_clear = ~np.array([_is_ambiguous(each) for each in score.pairs], dtype=bool)[pair]
    rows = np.flatnonzero(is_placed & is_clear)
    alleles = np.array(_same_alleles(score.pairs), dtype=np.int64)[pair]
    rows = rows[np.lexsort((rows, alleles[rows], keys[rows]))]
    is_first = np.ones(len(rows), dtype=bool)
    is_first[1:] = (np.diff(keys[rows]) != 0) | (np.diff(alleles[rows]) != 0)
    tally.unplaced = int(np.count_nonzero(~is_placed))
    tally.ambiguous = int(np.count_nonzero(is_placed & ~is_clear))
    tally.duplicated = int(np.count_nonzero(~is_first))
    rows = rows[is_first]
    return rows, keys[rows] | (0 if tally.by == "place" else _BY_RS)


def _is_ambiguous(pair: _Pair) -> bool:
    return any(is_ambiguous(pair[0], other) for other in pair[1])


def _same_alleles(pairs: Sequence[_Pair]) -> list[int]:
    """Return for each pair the number of the first with the same alleles, whichever of them is the effect allele."""
    first: dict[frozenset[str], int] = {}
    return [first.setdefault(frozenset((pair[0], *pair[1])), number) for number, pair in enumerate(pairs)]


def _count(tally: Tally, row: int, site: Site) -> None:
    if tally.is_seen[row]:
        return
    effect, others = tally.score.pairs[tally.score.pair[row]]
    counted = _effect_in(effect, others, site)
    if counted is None:
        tally.mismatched += 1
        return
    if counted == "":
        tally.ambiguous += 1
    elif not site.is_final:
        tally.filtered += 1
    else:
        dosage = _dosage(counted, site)
        if dosage is None:
            tally.missing += 1
        else:
            tally.flipped += counted != effect
            tally.contributions.append(_contribution(tally.score, row, dosage, len(site.called)))
    tally.is_seen[row] = 1


def _effect_in(effect: str, others: tuple[str, ...], site: Site) -> str | None:
    """Return the effect allele as this file writes it, "" where its strand can't be told, None where it is not here.

    Without another allele the other strand is not tried: there would be nothing to check it by.
    """
    here = {site.ref, *site.alts}
    is_open = site.is_reference  # nothing but the reference was found: whichever the other allele is, it is not there
    if not others:
        if effect not in here:
            return None
        against = site.alts if effect == site.ref else (site.ref,)
        return "" if any(is_ambiguous(effect, other) for other in against) else effect
    for turn in (lambda allele: allele, complement):
        mine = turn(effect)
        for other in map(turn, others):
            if site.ref in (mine, other) and (is_open or (mine in here and other in here)):
                return mine
    return None


def _dosage(effect: str, site: Site) -> int | None:
    """Return how many copies of an allele the person has, None where that is not told."""
    count = 0
    for index in site.called:
        allele = None if index is None else site.allele(index)
        if allele is None or allele == "*" or allele in UNNAMED or allele.startswith("<"):
            return None
        count += allele == effect
    return count if site.called else None


def _contribution(score: ScoringFile, row: int, dosage: int, ploidy: int) -> float:
    mode = score.modes[row]
    if mode == DOMINANT:
        dosage = min(dosage, 1)
    elif mode == RECESSIVE:
        dosage = int(dosage == ploidy)
    return score.weights[row] * dosage
