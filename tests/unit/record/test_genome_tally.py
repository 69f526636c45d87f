"""What a polygenic score comes to, by hand."""

import pytest

from tests.unit.record.test_genome_scoring import scoring_file
from twin.record.fact import Absent
from twin.record.genome.scoring import of_bytes
from twin.record.genome.site import Site
from twin.record.genome.tally import Tallies, Tally


def site(place: int, ref: str, alts: str, genotype: str, *, names: str = ".", is_final: bool = True) -> Site:
    """A site of chromosome 1 with a genotype such as "0/1"."""
    called = tuple(None if letter == "." else int(letter) for letter in genotype[::2])
    listed = tuple(alts.split(",")) if alts else ()
    return Site("1", place, place, ref, listed, called, False, is_final, genotype, None, names)


def tallied(rows: str, *sites: Site, titles: str = "effect_allele other_allele effect_weight") -> Tally:
    """One score's tally; rows are numbered by position 100, 200 ..."""
    lines = [f"{100 * number} 1 {row}" for number, row in enumerate(rows.strip().split("\n"), start=1)]
    content = scoring_file("\n".join([f"chr_position chr_name {titles}", *lines]))
    tallies = Tallies([of_bytes(content)], "GRCh37")
    for each in sites:
        tallies.take(each)
    return tallies.tallies[0]


def test_the_sum_counts_effect_alleles() -> None:
    tally = tallied("A G 0.5\nT C 0.25", site(100, "G", "A", "0/1"), site(200, "T", "C", "0/0"))
    assert tally.total() == 0.5 + 2 * 0.25
    assert tally.matched == 2


def test_the_effect_allele_may_be_the_reference() -> None:
    assert tallied("G A 1", site(100, "G", "A", "0/1")).total() == 1
    assert tallied("G A 1", site(100, "G", "A", "1/1")).total() == 0


def test_the_other_strand_is_turned_and_counted() -> None:
    tally = tallied("A G 1", site(100, "C", "T", "1/1"))
    assert tally.total() == 2
    assert tally.flipped == 1


def test_an_ambiguous_strand_is_left_out_and_counted() -> None:
    tally = tallied("A T 1\nA G 1\nA G 1\nA G 1", *(site(100 * n, "G", "A", "0/1") for n in (2, 3, 4)))
    assert (tally.ambiguous, tally.matched, tally.total()) == (1, 3, 3.0)


def test_a_missing_genotype_is_not_a_zero() -> None:
    tally = tallied("A G 1\nA G 1", site(100, "G", "A", "./1"), site(200, "G", "A", "0/0"))
    assert (tally.missing, tally.matched) == (1, 1)
    answer = tally.total()
    assert isinstance(answer, Absent) and answer.reason == "few_variants"
    assert "50.0 % matched" in answer.detail


def test_three_quarters_is_enough_and_less_is_not() -> None:
    rows = "A G 1\nA G 1\nA G 1\nA G 1"
    three = [site(100 * n, "G", "A", "0/1") for n in (1, 2, 3)]
    assert tallied(rows, *three).total() == 3
    assert isinstance(tallied(rows, *three[:2]).total(), Absent)


def test_a_multi_allelic_site_counts_the_effect_allele_only() -> None:
    assert tallied("A G 1", site(100, "G", "T,A", "1/2")).total() == 1
    assert tallied("A G 1", site(100, "G", "T,A", "1/1")).total() == 0


def test_other_alleles_do_not_match() -> None:
    tally = tallied("A G 1", site(100, "G", "C", "0/1"))
    assert (tally.matched, tally.mismatched) == (0, 1)


def test_a_deleted_or_unnamed_allele_is_a_missing_genotype() -> None:
    assert tallied("A G 1", site(100, "G", "A,*", "1/2")).missing == 1
    assert tallied("A G 1", site(100, "G", "A,<NON_REF>", "0/2")).missing == 1


def test_a_reference_block_counts_at_its_base() -> None:
    assert tallied("G A 1", site(100, "G", "<NON_REF>", "0/0")).total() == 2
    assert tallied("A G 1", site(100, "G", "", "0/0")).total() == 0
    assert tallied("A C 1", site(100, "G", "", "0/0")).matched == 1
    assert tallied("A C 1", site(100, "G", "", "0/0")).flipped == 1


def test_a_call_that_did_not_pass_is_left_out() -> None:
    assert tallied("A G 1", site(100, "G", "A", "0/1", is_final=False)).filtered == 1


def test_without_another_allele_the_strand_is_not_turned() -> None:
    titles = "effect_allele effect_weight"
    assert tallied("A 1", site(100, "G", "A", "0/1"), titles=titles).total() == 1
    assert tallied("A 1", site(100, "C", "T", "0/1"), titles=titles).matched == 0
    assert tallied("A 1", site(100, "T", "A", "0/1"), titles=titles).ambiguous == 1


@pytest.mark.parametrize(
    ("flag", "genotype", "total"),
    [("dominant", "0/1", 1), ("dominant", "1/1", 1), ("recessive", "0/1", 0), ("recessive", "1/1", 1)],
)
def test_dominant_and_recessive_weights_count_once(flag: str, genotype: str, total: float) -> None:
    titles = "effect_allele other_allele effect_weight effect_type"
    assert tallied(f"A G 1 {flag}", site(100, "G", "A", genotype), titles=titles).total() == total


def test_a_variant_listed_twice_counts_once() -> None:
    content = scoring_file(
        "chr_name chr_position effect_allele other_allele effect_weight\n1 100 A G 1\n1 100 G A 1\n1 100 A T 1"
    )
    tally = Tallies([of_bytes(content)], "GRCh37")
    tally.take(site(100, "G", "A", "0/1"))
    tally.take(site(100, "G", "A", "1/1"))
    (one,) = tally.tallies
    assert (one.matched, one.duplicated, one.ambiguous) == (1, 1, 1)


def test_a_score_of_another_build_is_matched_by_rs_number() -> None:
    content = scoring_file("rsID chr_name chr_position effect_allele other_allele effect_weight\nrs7 9 9 A G 1")
    tallies = Tallies([of_bytes(content)], "GRCh38")
    assert tallies.may_have("chr1", 5, "rs7;x") and not tallies.may_have("1", 5, "rs8")
    assert not tallies.may_have("chrUn_1", 5, "rs7")
    assert tallies.take(site(5, "G", "A", "0/1", names="x;rs7"))
    assert tallies.tallies[0].by == "rs number"
    assert tallies.tallies[0].total() == 1


def test_a_score_with_neither_place_nor_name_is_refused() -> None:
    content = scoring_file("chr_name chr_position effect_allele other_allele effect_weight\n1 100 A G 1")
    tallies = Tallies([of_bytes(content)], "GRCh38")
    answer = tallies.tallies[0].total()
    assert not tallies
    assert isinstance(answer, Absent) and answer.reason == "other_build"


def test_of_a_score_in_both_builds_the_genomes_own_is_taken() -> None:
    table = "rsID chr_name chr_position effect_allele other_allele effect_weight\nrs7 1 100 A G 1"
    both = [of_bytes(scoring_file(table, build=build)) for build in ("GRCh37", "GRCh38")]
    assert [tally.by for tally in Tallies(both, "GRCh38").tallies] == ["place"]
    assert [tally.score.build for tally in Tallies(both[::-1], "GRCh38").tallies] == ["GRCh38"]


def test_many_scores_are_summed_in_one_pass() -> None:
    contents = [
        scoring_file(
            f"accession chr_name chr_position effect_allele other_allele effect_weight\nS{weight} 1 100 A G {weight}"
        )
        for weight in (1, 10, 100)
    ]
    contents = [content.replace(b"#pgs_id=PGS000001\n", b"") for content in contents]
    tallies = Tallies(map(of_bytes, contents), "GRCh37")
    tallies.take(site(100, "G", "A", "1/1"))
    assert [tally.total() for tally in tallies.tallies] == [2, 20, 200]


def test_the_sum_does_not_depend_on_the_order_of_the_sites() -> None:
    weights = [1e16, 1.0, -1e16, 1e-3]
    rows = "\n".join(f"A G {weight}" for weight in weights)
    sites = [site(100 * n, "G", "A", "0/1") for n in (1, 2, 3, 4)]
    assert tallied(rows, *sites).total() == tallied(rows, *reversed(sites)).total() == 1.001
