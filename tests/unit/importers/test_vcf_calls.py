"""What a file says at one panel position, record by record."""

import pytest

from tests.unit.importers.test_vcf import APOE2, APOE4, by_key, genome, read
from twin.importers.base import Item

E4 = "variant/person/rs429358"


def item(*records: str, key: str = E4) -> Item:
    return by_key(read(genome(*records)))[key]


def state(*records: str, key: str = E4) -> str:
    """The allelic state of the fact, or the reason why there is none."""
    found = item(*records, key=key)
    if found.facts:
        return f"{found.facts[0].value}"
    return found.reject.reason if found.reject else f"{found.not_used}"


@pytest.mark.parametrize(
    ("alt", "genotype", "told"),
    [
        ("C", "0/1", "heterozygous"),
        ("C", "1|0", "heterozygous"),
        ("C", "1/1", "homozygous"),
        ("C", "0/0", "absent"),
        ("C", "1", "hemizygous"),
        ("C", "0", "absent"),
        ("C", "|1|0", "heterozygous"),
        ("C", "0/0/1", "heterozygous"),
        ("A,C", "1/2", "heterozygous"),
        ("A,C", "2/2", "homozygous"),
        ("A,C", "0/1", "absent"),
        ("A", "0/1", "absent"),
        ("C,*", "1/2", "hemizygous"),
        ("C,*", "0/2", "absent"),
        ("C,<NON_REF>", "0/1", "heterozygous"),
        ("<NON_REF>", "0/0", "absent"),
        (".", "0/0", "absent"),
        ("TA,C", "1/2", "heterozygous"),
    ],
)
def test_a_genotype_tells_the_allelic_state(alt: str, genotype: str, told: str) -> None:
    assert state(f"19 45411941 . T {alt} . PASS . GT {genotype}") == told


@pytest.mark.parametrize(
    ("alt", "genotype", "why"),
    [
        ("C", "./.", "the genotype is missing"),
        ("C", ".", "the genotype is missing"),
        ("C", "./1", "half of the genotype is missing"),
        ("C", "0/.", "half of the genotype is missing"),
        ("C,*", "2/2", "deleted, or an allele that the file does not spell out"),
        ("C,<NON_REF>", "0/2", "deleted, or an allele that the file does not spell out"),
    ],
)
def test_a_genotype_that_is_not_whole_is_no_fact(alt: str, genotype: str, why: str) -> None:
    assert state(f"19 45411941 . T {alt} . PASS . GT {genotype}") == f"rs429358: {why}"


def test_absent_is_not_reference() -> None:
    items = by_key(read(genome("19 45411940 . C T . . . GT 0/1", "19 45411942 . A . . . . GT 0/0")))
    assert E4 not in items


def test_a_reference_block_over_the_position_is_reference() -> None:
    assert state("19 45411900 . G <NON_REF> . . END=45412000 GT:GQ:MIN_DP 0/0:60:30") == "absent"
    assert state("19 45411900 . G <*> . . END=45412000 GT 0/0") == "absent"
    assert state("19 45411900 . G <*> . . . GT:LEN 0/0:60") == "absent"
    assert state("19 45411941 . T . . . . GT 0/0") == "absent"
    both = by_key(read(genome("19 45411900 . G <NON_REF> . . END=45412100 GT 0/0")))
    assert both["apoe/person"].facts[0].value == "e3/e3"


@pytest.mark.parametrize("said", ["./.:9:9", "0/0:0:9", "0/0:9:0"])
def test_a_reference_block_without_reads_is_nothing(said: str) -> None:
    assert E4 not in by_key(read(genome(f"19 45411900 . G <NON_REF> . . END=45412000 GT:GQ:DP {said}")))


def test_a_block_that_ends_before_the_position_is_nothing() -> None:
    assert E4 not in by_key(read(genome("19 45411900 . G <NON_REF> . . END=45411940 GT 0/0")))


def test_a_record_of_the_very_alleles_goes_before_a_block() -> None:
    assert state("19 45411900 . G <*> . . END=45412000 GT 0/0", APOE4) == "heterozygous"


def test_a_split_multi_allelic_site_is_told_by_its_own_line() -> None:
    assert state("19 45411941 . T A . . . GT 1/0", "19 45411941 . T C . . . GT 0/1") == "heterozygous"


def test_records_that_disagree_are_refused() -> None:
    assert state(APOE4, APOE4.replace("0/1", "1/1")) == "conflicting_calls"
    assert state(APOE4, APOE4) == "heterozygous"


def test_another_reference_base_is_refused() -> None:
    assert state("19 45411941 . A G . . . GT 0/1") == "reference_mismatch"
    assert state("19 45411941 . C T . . . GT 0/1") == "reference_mismatch"


def test_a_named_variant_in_the_other_builds_place_is_refused() -> None:
    assert state("19 44908684 rs429358 T C . . . GT 0/1") == "wrong_place"


def test_a_variant_whose_place_was_not_checked_is_found_by_name_only() -> None:
    key = "variant/person/rs17107315"
    assert state("5 147207678 rs17107315 T C . . . GT 0/1", key=key) == "heterozygous"
    assert key not in by_key(read(genome("5 147207678 . T C . . . GT 0/1")))
    assert state("5 147207678 rs17107315 G A . . . GT 0/1", key=key) == "reference_mismatch"


def test_a_call_that_did_not_pass_is_kept_as_preliminary() -> None:
    assert item(APOE4.replace("PASS", "q10;dp10")).facts[0].status == "preliminary"
    assert item("19 45411941 . T C . PASS . GT:FT 0/1:VQLOW").facts[0].status == "preliminary"
    assert item("19 45411941 . T C . . . GT:FT 0/1:PASS").facts[0].status == "final"


def test_a_variant_inside_a_longer_record_is_found() -> None:
    assert state("19 45411940 . GT GC . . . GT 0/1") == "heterozygous"
    assert state("19 45411941 . TG CG . . . GT 1/1") == "homozygous"


def test_a_deletion_is_found_where_another_caller_puts_it() -> None:
    key = "variant/person/rs113993960"
    assert state("7 117199644 . ATCT A . . . GT 0/1", key=key) == "heterozygous"
    assert state("7 117199645 . TCTT T . . . GT 1/1", key=key) == "homozygous"


def test_a_symbolic_deletion_over_a_position_is_no_call() -> None:
    assert E4 not in by_key(read(genome("19 45411900 . G <DEL> . . END=45412000;SVTYPE=DEL GT 0/1")))


def test_chromosomes_go_by_any_of_their_names() -> None:
    for name in ("19", "chr19", "Chr19", "NC_000019.9"):
        assert state(f"{name} 45411941 . t c . . . GT 0/1") == "heterozygous"


def test_apoe_is_told_from_both_and_its_standing_is_the_lesser() -> None:
    found = item(APOE4, APOE2.replace("PASS", "q10"), key="apoe/person")
    (fact,) = found.facts
    assert (fact.coding.code, fact.value, fact.status, fact.where) == ("42315-2", "e3/e4", "preliminary", "lines 4, 5")
    assert fact.value_coding is not None and fact.value_coding.display == "APOE e3/e4"
    assert fact.part == "rs429358 0/1, rs7412 0/0"


def test_apoe_heterozygous_at_both_needs_phase() -> None:
    unphased = state(APOE4, APOE2.replace("0/0", "0/1"), key="apoe/person")
    assert unphased == "APOE: e2/e4 or e1/e3: the phase of rs429358 and rs7412 is not told"
    phased = [APOE4.replace("0/1", "0|1"), APOE2.replace("0/0", "1|0")]
    assert state(*phased, key="apoe/person") == "e2/e4"


def test_other_changes_around_a_deletion_are_told_apart() -> None:
    key = "variant/person/rs113993960"
    assert state("7 117199644 . ATCT A,AGCT . . . GT 1/2", key=key) == "heterozygous"
    assert state("7 117199640 . TATCATCT TATCA,GATCATCT . . . GT 1/2", key=key) == "heterozygous"


def test_a_deleted_base_is_gone() -> None:
    assert state("19 45411940 . GTG GCG,G . . . GT 1/2") == "hemizygous"


def test_a_score_on_a_contig_that_is_no_chromosome_is_nothing() -> None:
    assert E4 not in by_key(read(genome("chrUn_1 45411941 rs429358 T C . . . GT 0/1")))
