"""APOE is told only where it can be."""

import pytest

from twin.record.fact import Absent
from twin.record.genome.apoe import Bases, diplotype


def site(letters: str, *, phase_set: str | None = None) -> Bases:
    """The bases of a genotype such as "T/C" or "C|T"."""
    return Bases(each=tuple(letters[::2].replace(".", "")), is_phased="|" in letters, phase_set=phase_set)


@pytest.mark.parametrize(
    ("first", "second", "pair"),
    [
        ("T/T", "C/C", "e3/e3"),
        ("T/C", "C/C", "e3/e4"),
        ("C/C", "C/C", "e4/e4"),
        ("T/T", "C/T", "e2/e3"),
        ("T/T", "T/T", "e2/e2"),
        ("T|C", "T|C", "e2/e4"),
        ("C|T", "T|C", "e1/e3"),
        ("C/C", "C/T", "e1/e4"),
    ],
)
def test_two_variants_make_a_pair_of_alleles(first: str, second: str, pair: str) -> None:
    assert diplotype(site(first), site(second)) == pair


def test_two_unphased_heterozygous_sites_are_not_guessed() -> None:
    answer = diplotype(site("T/C"), site("C/T"))
    assert isinstance(answer, Absent) and answer.reason == "unphased"


def test_two_phase_sets_do_not_tell_of_one_another() -> None:
    answer = diplotype(site("T|C", phase_set="10"), site("T|C", phase_set="20"))
    assert isinstance(answer, Absent) and answer.reason == "unphased"


@pytest.mark.parametrize("second", [None, site("C/."), site("C"), site("C/A")])
def test_half_a_genotype_makes_no_pair(second: Bases | None) -> None:
    assert isinstance(diplotype(site("T/C"), second), Absent)
