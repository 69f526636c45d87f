"""What a VCF file says at the panel's positions: each variant's evidence gathered over the file, then told once.

A variant may stand in several records (a multi-allelic site that was split, a reference block beside it): the record
that names its very alleles decides, else another one at its base, else a reference block over it. No record says
nothing: absent is not reference.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from twin.importers.vcf.record import Line
from twin.record.fact import Absent
from twin.record.genome.builds import Build, chromosome
from twin.record.genome.panel import PanelVariant, Places, panel
from twin.record.genome.site import UNNAMED, Site, minimal

Strength = Literal["exact", "place", "block"]
_ORDER: tuple[Strength, ...] = ("exact", "place", "block")
_MAX_EVIDENCE = 16  # records kept for one variant; real files have one to three


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """One record that speaks of a panel variant. `copies` tells of each called allele what it is (None: missing)."""

    strength: Strength
    site: Site
    copies: tuple[str | None, ...]
    line: int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """What the file says of a variant: `zygosity`, or why nothing can be said."""

    variant: PanelVariant
    zygosity: str | Absent
    evidence: tuple[Evidence, ...]


class PanelCalls:
    """The panel over one file of one build."""

    def __init__(self, build: Build) -> None:
        self.build = build
        self._places = Places(build)
        self._panel = panel()
        self._evidence: dict[str, list[Evidence]] = {}
        self._misplaced: dict[str, Evidence] = {}

    def concerned(self, line: Line) -> list[PanelVariant]:
        """Return the panel variants that a record may speak of, by its stretch or by a name in its ID column."""
        called = chromosome(line.contig)
        if called is None:
            return []
        found = self._places.between(called, line.position, line.end)
        for name in line.name.split(";") if ";" in line.name else (line.name,):
            variant = self._panel.get(name)
            if variant is not None and variant not in found:
                found.append(variant)
        return found

    def take(self, variants: list[PanelVariant], line: Line, site: Site, number: int) -> bool:
        """Keep a record as evidence for those of the variants that it does speak of; True where it does."""
        is_used = False
        for variant in variants:
            if self._is_misplaced(variant, site):
                kept = Evidence(strength="place", site=site, copies=(), line=number, text=line.as_one_person())
                self._misplaced.setdefault(variant.rsid, kept)
                is_used = True
                continue
            strength = self._strength(variant, site)
            known = self._evidence.setdefault(variant.rsid, [])
            if strength is None or len(known) >= _MAX_EVIDENCE or (strength == "block" and not line.is_supported()):
                continue
            copies = tuple(None if index is None else _kind(variant, site, index, self.build) for index in site.called)
            known.append(Evidence(strength=strength, site=site, copies=copies, line=number, text=line.as_one_person()))
            is_used = True
        return is_used

    def calls(self) -> Iterator[Call]:
        """Yield what was found, in the order of the panel; variants without any record are left out."""
        for variant in panel().values():
            misplaced = self._misplaced.get(variant.rsid)
            found = self._evidence.get(variant.rsid)
            if misplaced is not None:
                reason = Absent(reason="wrong_place", detail=f"{variant.rsid} does not stand there in {self.build}")
                yield Call(variant=variant, zygosity=reason, evidence=(misplaced,))
            elif found:
                best = min(found, key=lambda each: _ORDER.index(each.strength)).strength
                deciding = tuple(each for each in found if each.strength == best)
                yield Call(variant=variant, zygosity=_agreed(variant, deciding, self.build), evidence=deciding)

    def not_called(self) -> list[str]:
        """Return the rs numbers of the panel without any record."""
        return [rsid for rsid in panel() if not self._evidence.get(rsid) and rsid not in self._misplaced]

    def _is_misplaced(self, variant: PanelVariant, site: Site) -> bool:
        """Whether a record names the variant but stands elsewhere: the file's build is not what it says."""
        mine = variant.positions.get(self.build)
        if mine is None or variant.rsid not in site.names.split(";"):
            return False
        reach = variant.reach + len(site.ref)
        return site.chromosome != variant.chromosome or not mine - reach <= site.position <= mine + reach

    def _strength(self, variant: PanelVariant, site: Site) -> Strength | None:
        mine = variant.positions.get(self.build, site.position)
        if any(variant.same_as(site.position, site.ref, alt, self.build) for alt in site.alts if alt.isalpha()):
            return "exact"
        covers = site.position <= mine and mine + len(variant.ref) - 1 <= site.end
        if site.is_reference:
            is_stated = variant.ref.startswith(site.ref) or self.build in variant.positions
            return "block" if covers and is_stated else None
        if mine == site.position and len(variant.ref) == len(site.ref) == len(variant.alt):
            return "place"
        return None


def _kind(variant: PanelVariant, site: Site, index: int, build: Build) -> str:
    """Return what a called allele is to a variant: "alt", "ref", "other", "gone" (deleted) or "unnamed" (a symbol)."""
    allele = site.allele(index)
    if index == 0:
        return "ref"
    if allele == "*":
        return "gone"
    if allele in UNNAMED or not allele.isalpha():
        return "unnamed"
    if variant.same_as(site.position, site.ref, allele, build):
        return "alt"
    mine = variant.positions.get(build, site.position)
    position, ref, alt = minimal(site.position, site.ref, allele)
    if position >= mine + len(variant.ref) or position + len(ref) <= mine:
        return "ref"
    if len(variant.ref) != 1:
        return "other"
    if len(ref) == len(alt):
        return {variant.alt: "alt", variant.ref: "ref"}.get(alt[mine - position], "other")
    return "ref" if position == mine and ref[0] == alt[0] else "gone"


def _agreed(variant: PanelVariant, deciding: tuple[Evidence, ...], build: Build) -> str | Absent:
    for each in deciding:
        mine = variant.positions.get(build, each.site.position)
        if each.site.position == mine and each.site.ref[0] != variant.ref[0]:
            return Absent(reason="reference_mismatch", detail="REF is not the reference base: another strand or build")
    told = {_zygosity(each.copies) for each in deciding}
    return told.pop() if len(told) == 1 else Absent(reason="conflicting_calls", detail=f"{len(deciding)} records")


def _zygosity(copies: tuple[str | None, ...]) -> str | Absent:
    """Return the allelic state of the counted allele (LOINC 53034-5), or why it can't be told."""
    known = [each for each in copies if each is not None and each != "gone"]
    if all(each is None for each in copies):
        return Absent(reason="no_call", detail="the genotype is missing")
    if None in copies:
        return Absent(reason="half_call", detail="half of the genotype is missing")
    if not known or "unnamed" in known:
        return Absent(reason="no_call", detail="deleted, or an allele that the file does not spell out")
    count = known.count("alt")
    if count == 0:
        return "absent"
    if len(known) == 1:
        return "hemizygous"
    return "homozygous" if count == len(known) else "heterozygous"
