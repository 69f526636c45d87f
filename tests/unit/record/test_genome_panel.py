"""The panel file holds what it promises: places that were checked, and sizes only with a source."""

import pytest

from twin.record.genome.builds import BUILDS, CHROMOSOMES
from twin.record.genome.panel import PanelVariant, Places, panel
from twin.record.genome.site import minimal

WAYS = {"listed", "pharmcat", "1000g", "offset", "clinvar", ""}
ORGANS = {"liver", "vascular", "lung", "pancreas", "kidney"}

each_variant = pytest.mark.parametrize("variant", panel().values(), ids=lambda variant: variant.rsid)


@each_variant
def test_a_row_is_whole(variant: PanelVariant) -> None:
    assert variant.rsid[:2] == "rs" and variant.rsid[2:].isdecimal()
    assert variant.chromosome in CHROMOSOMES
    assert variant.effect_allele in (variant.ref, variant.alt)
    assert variant.ref != variant.alt
    assert set(variant.organs) <= ORGANS
    assert variant.effect
    assert variant.citation.startswith(("doi:", "PMID:"))
    assert variant.status in ("read", "unverified")
    assert set(variant.checked.values()) <= WAYS


@each_variant
def test_a_variant_stands_only_where_its_position_was_checked(variant: PanelVariant) -> None:
    assert set(variant.positions) == {build for build in BUILDS if variant.checked[build]}


@each_variant
def test_a_variant_is_written_in_its_minimal_form(variant: PanelVariant) -> None:
    assert minimal(1, variant.ref, variant.alt) == (1, variant.ref, variant.alt)
    assert not variant.reference or variant.reference.startswith(variant.ref)


def test_an_insertion_is_found_however_it_is_written() -> None:
    splice = panel()["rs72613567"]
    assert splice.same_as(87310240, "T", "TA", "GRCh38")
    assert splice.same_as(87310241, "A", "AA", "GRCh38")
    assert splice.same_as(87310240, "TAC", "TAAC", "GRCh38")
    assert not splice.same_as(87310241, "A", "AT", "GRCh38")
    assert not splice.same_as(87310241, "A", "AA", "GRCh37")


def test_a_deletion_is_found_however_it_is_written() -> None:
    deletion = panel()["rs113993960"]
    assert deletion.same_as(117199644, "ATCT", "A", "GRCh37")
    assert deletion.same_as(117199645, "TCTT", "T", "GRCh37")
    assert not deletion.same_as(117199645, "TC", "T", "GRCh37")


def test_places_are_found_by_a_stretch() -> None:
    places = Places("GRCh37")
    assert [variant.rsid for variant in places.between("19", 45411900, 45412100)] == ["rs429358", "rs7412"]
    assert [variant.rsid for variant in places.between("19", 45411941, 45411941)] == ["rs429358"]
    assert [variant.rsid for variant in places.between("7", 117199646, 117199646)] == ["rs113993960"]
    assert not list(places.between("19", 1, 100))
    assert not list(places.between("Y", 1, 10**9))
