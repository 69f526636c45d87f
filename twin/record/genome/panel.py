"""Which single variants matter for our organs, what they do, and where they stand in each build.

Read from `data/panel.csv`; `docs/genomics.md` explains its columns and how positions were checked. A size stands only
where its source is named; `status` says whether someone has read that source ("read") or not ("unverified").
"""

import csv
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from twin.record.genome.builds import BUILDS, Build
from twin.record.genome.site import minimal


@dataclass(frozen=True, kw_only=True, slots=True)
class PanelVariant:
    """A variant of the panel. `alt` is what is counted; `effect_allele` is the one the effect is told of.

    `positions` holds a build only where the position was checked: elsewhere the variant is found by its rs number
    alone. `reference` are the reference bases from its position on, for insertions and deletions that can be written
    at several places.
    """

    gene: str
    rsid: str
    name: str
    chromosome: str
    positions: Mapping[Build, int]
    ref: str
    alt: str
    effect_allele: str
    organs: tuple[str, ...]
    effect: str
    size: str
    citation: str
    status: str
    checked: Mapping[Build, str]
    reference: str

    @property
    def reach(self) -> int:
        """How many bases from its position on a record of it may speak of."""
        return len(self.reference or self.ref)

    def same_as(self, position: int, ref: str, alt: str, build: Build) -> bool:
        """Return whether a variant at a place of the same chromosome is this one, however it was written."""
        mine = self.positions.get(build, position)
        known = {mine + offset: base for offset, base in enumerate(self.reference)}
        return minimal(position, ref, alt, known.get) == (mine, self.ref, self.alt)

    def label(self, build: Build) -> str:
        """Return gene, rs number, alleles and, where it was checked, the place, for a reader."""
        place = f" ({build} {self.chromosome}:{self.positions[build]})" if build in self.positions else ""
        return f"{self.gene} {self.rsid} {self.ref}>{self.alt}{place}"


@cache
def panel() -> Mapping[str, PanelVariant]:
    """Every variant of the panel by its rs number, in the order of the table."""
    table = (files("twin.record.genome") / "data" / "panel.csv").read_text(encoding="utf-8")
    return MappingProxyType({row["rsid"]: _variant(row) for row in csv.DictReader(table.splitlines())})


class Places:
    """The panel's places in one build, looked up by a stretch of a chromosome."""

    def __init__(self, build: Build) -> None:
        by_chromosome: dict[str, list[tuple[int, PanelVariant]]] = {}
        for variant in panel().values():
            if build in variant.positions:
                by_chromosome.setdefault(variant.chromosome, []).append((variant.positions[build], variant))
        self._starts: dict[str, list[int]] = {}
        self._variants: dict[str, list[PanelVariant]] = {}
        for name, found in by_chromosome.items():
            found.sort(key=lambda pair: pair[0])
            self._starts[name] = [start for start, _ in found]
            self._variants[name] = [variant for _, variant in found]
        self._longest = max(variant.reach for variant in panel().values())

    def between(self, chromosome: str, start: int, end: int) -> list[PanelVariant]:
        """Return the variants that stand, or can be written, anywhere from `start` to `end`."""
        starts = self._starts.get(chromosome)
        if starts is None:
            return []
        low, high = bisect_left(starts, start - self._longest + 1), bisect_right(starts, end)
        if low == high:
            return []
        variants = self._variants[chromosome][low:high]
        return [each for place, each in zip(starts[low:high], variants, strict=True) if place + each.reach > start]


def _variant(row: dict[str, str]) -> PanelVariant:
    stated: dict[Build, int] = {build: int(row[f"position_{build[-2:]}"]) for build in BUILDS}
    checked: dict[Build, str] = {build: row[f"checked_{build[-2:]}"] for build in BUILDS}
    return PanelVariant(
        gene=row["gene"],
        rsid=row["rsid"],
        name=row["name"],
        chromosome=row["chromosome"],
        positions=MappingProxyType({build: place for build, place in stated.items() if checked[build]}),
        ref=row["ref"],
        alt=row["alt"],
        effect_allele=row["effect_allele"],
        organs=tuple(row["organs"].split(";")),
        effect=row["effect"],
        size=row["size"],
        citation=row["citation"],
        status=row["status"],
        checked=MappingProxyType(checked),
        reference=row["reference"],
    )
