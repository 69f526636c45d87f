"""What a polygenic scoring file is read as, and what is refused by name."""

import gzip

import pytest

from twin.errors import UnreadableInput, UnsupportedVersion
from twin.record.genome.builds import place_key
from twin.record.genome.scoring import DOMINANT, NOWHERE, RECESSIVE, of_bytes

HEADER = "###PGS CATALOG SCORING FILE\n#format_version=2.0\n#pgs_id=PGS000001\n#trait_reported=a trait\n"


def scoring_file(table: str, *, build: str = "GRCh37", more: str = "") -> bytes:
    """A scoring file; columns of the table are separated by blanks."""
    rows = "\n".join(
        "\t".join("" if cell == "-" else cell for cell in row.split()) for row in table.strip().split("\n")
    )
    return f"{HEADER}#genome_build={build}\n{more}{rows}\n".encode()


PLAIN = """
rsID chr_name chr_position effect_allele other_allele effect_weight
rs1  1        100          A            G            0.5
rs2  X        200          C            T            -0.25
"""


def test_a_score_is_read_row_by_row() -> None:
    score = of_bytes(scoring_file(PLAIN))
    assert (score.id, score.system, score.trait) == ("PGS000001", "https://www.pgscatalog.org/score", "a trait")
    assert score.build == "GRCh37"
    assert list(score.places) == [place_key("1", 100), place_key("X", 200)]
    assert list(score.rs_numbers) == [1, 2]
    assert list(score.weights) == [0.5, -0.25]
    assert [score.pairs[number] for number in score.pair] == [("A", ("G",)), ("C", ("T",))]


def test_a_gzipped_score_of_many_members_is_the_same() -> None:
    content = scoring_file(PLAIN)
    packed = gzip.compress(content[:60]) + gzip.compress(content[60:])
    assert of_bytes(packed).places == of_bytes(content).places


def test_harmonised_positions_go_before_the_authors() -> None:
    table = """
rsID chr_name chr_position effect_allele other_allele effect_weight hm_rsID hm_chr hm_pos hm_inferOtherAllele
rs1  1        100          A            G            0.5           rs11    1      150    -
-    1        101          A            -            0.5           -       1      151    C/T
rs3  1        102          A            G            0.5           -       -      -      -
"""
    score = of_bytes(scoring_file(table, more="#HmPOS_build=GRCh38\n"))
    assert score.build == "GRCh38"
    assert list(score.places) == [place_key("1", 150), place_key("1", 151), NOWHERE]
    assert list(score.rs_numbers) == [11, NOWHERE, 3]
    assert [score.pairs[number] for number in score.pair] == [("A", ("G",)), ("A", ("C", "T")), ("A", ("G",))]


def test_a_score_of_rs_numbers_only_has_no_build() -> None:
    score = of_bytes(scoring_file("rsID effect_allele effect_weight\nrs1 A 1", build="NR"))
    assert score.build is None
    assert list(score.places) == [NOWHERE]


def test_a_given_build_counts_only_where_the_file_names_none() -> None:
    assert of_bytes(scoring_file(PLAIN, build="NR"), "GRCh38").build == "GRCh38"
    assert of_bytes(scoring_file(PLAIN), "GRCh38").build == "GRCh37"


def test_dominant_and_recessive_rows_are_marked() -> None:
    table = """
rsID effect_allele effect_weight is_dominant is_recessive effect_type
rs1  A             1             True        False        -
rs2  A             1             False       TRUE         -
rs3  A             1             -           -            dominant
"""
    assert list(of_bytes(scoring_file(table)).modes) == [DOMINANT, RECESSIVE, DOMINANT]


def test_a_score_without_an_id_is_named_by_its_content() -> None:
    content = b"chr_name\tchr_position\teffect_allele\teffect_weight\n1\t1\tA\t1\n"
    score = of_bytes(content, "GRCh37")
    assert score.id == f"local-{score.sha256[:12]}"
    assert score.system == "urn:patient-twin:local:score"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("rsID effect_allele effect_weight is_haplotype\nrs1 A 1 TRUE", "is_haplotype"),
        ("rsID effect_allele effect_weight is_diplotype\nrs1 A 1 True", "is_diplotype"),
        ("rsID effect_allele effect_weight is_interaction\nrs1 A 1 1", "is_interaction"),
        ("rsID effect_allele dosage_0_weight dosage_1_weight\nrs1 A 1 1", "weights by dosage"),
        ("ID effect_allele score_one score_two\n1:1:A:G A 1 1", "several scores"),
        ("rsID effect_allele effect_weight accession\nrs1 A 1 one\nrs2 A 1 two", "several scores"),
        ("rsID effect_allele effect_weight effect_type\nrs1 A 1 nonadditive", "neither additive"),
    ],
)
def test_what_is_no_weighted_sum_is_refused_by_name(table: str, words: str) -> None:
    with pytest.raises(UnsupportedVersion, match=words):
        of_bytes(scoring_file(table))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (scoring_file("rsID effect_allele effect_weight\nrs1 A much"), r"no number \(line 7\)"),
        (scoring_file("rsID effect_allele effect_weight\nrs1 A nan"), "no number"),
        (scoring_file("rsID effect_allele effect_weight\nrs1 - 1"), "effect_allele is empty"),
        (scoring_file("rsID effect_weight\nrs1 1"), "no column effect_allele"),
        (scoring_file("rsID effect_allele effect_weight"), "without variants"),
        (scoring_file("rsID effect_allele effect_weight\n. A 1"), "no variant has a place"),
        (HEADER.encode(), "without a table"),
        (gzip.compress(scoring_file(PLAIN))[:-20], "damaged or cut short"),
        (b"effect_allele\teffect_weight\n" + b"A" * 2_000_000, "longer than any row"),
    ],
)
def test_a_score_that_can_not_be_read_whole_is_not_read_at_all(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableInput, match=words):
        of_bytes(content)


def test_an_allele_that_is_no_sequence_stays_without_a_place() -> None:
    table = "rsID chr_name chr_position effect_allele effect_weight\nrs1 6 1 HLA-B*27 1\nrs2 6 2 A 1"
    score = of_bytes(scoring_file(table))
    assert list(score.places) == [NOWHERE, place_key("6", 2)]
    assert list(score.rs_numbers) == [NOWHERE, 2]
