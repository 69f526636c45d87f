"""When two spellings of a variant are one variant."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from twin.record.genome.site import Site, complement, is_ambiguous, is_bases, minimal

CHROMOSOME = dict(enumerate("GGTACATCATCATTTTTACGCGTA", start=100))


def applied(position: int, ref: str, alt: str) -> str:
    """The chromosome after the change: the slow, obvious truth about which variant this is."""
    bases = "".join(CHROMOSOME.values())
    offset = position - 100
    assert bases[offset : offset + len(ref)] == ref
    return bases[:offset] + alt + bases[offset + len(ref) :]


@given(
    start=some.integers(min_value=101, max_value=118),
    length=some.integers(min_value=1, max_value=6),
    alt=some.text("ACGT", min_size=1, max_size=6),
)
def test_the_minimal_form_makes_the_same_chromosome(start: int, length: int, alt: str) -> None:
    ref = "".join(CHROMOSOME[position] for position in range(start, start + length))
    if ref != alt:
        assert applied(*minimal(start, ref, alt, CHROMOSOME.get)) == applied(start, ref, alt)


def test_every_way_to_write_one_deletion_has_the_same_minimal_form() -> None:
    ways = [(105, "ATCA", "A"), (106, "TCAT", "T"), (107, "CATC", "C"), (104, "CATCATC", "CATC")]
    assert len({applied(*way) for way in ways}) == 1
    assert len({minimal(*way, CHROMOSOME.get) for way in ways}) == 1


def test_without_reference_bases_a_variant_is_trimmed_only() -> None:
    assert minimal(10, "CAG", "CG") == (10, "CA", "C")
    assert minimal(10, "TC", "TG") == (11, "C", "G")
    assert minimal(11, "A", "AA") == (11, "A", "AA")


@pytest.mark.parametrize(
    ("one", "other", "is_it"), [("A", "T", True), ("C", "G", True), ("A", "G", False), ("AC", "GT", True)]
)
def test_palindromes_do_not_tell_their_strand(one: str, other: str, is_it: bool) -> None:
    assert is_ambiguous(one, other) is is_it


def test_the_other_strand_is_read_backwards() -> None:
    assert complement("AAC") == "GTT"


def test_symbols_are_no_bases() -> None:
    assert is_bases("ACGTN")
    assert not any(map(is_bases, ["", "*", "<DEL>", "A]1:5]"]))


def test_a_reference_block_needs_a_whole_genotype() -> None:
    def block(called: tuple[int | None, ...], alts: tuple[str, ...]) -> Site:
        return Site("1", 1, 9, "A", alts, called, False, True, "", None)

    assert block((0, 0), ("<NON_REF>",)).is_reference
    assert block((0, 0), ()).is_reference
    assert not block((0, None), ("<NON_REF>",)).is_reference
    assert not block((), ()).is_reference
    assert not block((0, 0), ("G", "<NON_REF>")).is_reference
