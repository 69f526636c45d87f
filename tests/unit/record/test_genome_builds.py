"""Which build and which chromosome a file means."""

import pytest

from twin.record.genome.builds import chromosome, named_in, of_contig, place_key, settle


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("1", "1"), ("chr1", "1"), ("Chr22", "22"), ("x", "X"), ("chrx", "X"), ("M", "MT"), ("chrM", "MT"), ("m", "MT"),
        ("MT", "MT"), ("23", "X"), ("NC_000019.10", "19"), ("NC_000023.11", "X"),
        ("chr1_KI270706v1_random", None), ("HLA-A*01:01", None), ("", None), ("NC_000099.1", None), ("chrUn", None),
    ],
)  # fmt: skip
def test_a_chromosome_is_told_by_its_usual_names(name: str, called: str | None) -> None:
    assert chromosome(name) == called


@pytest.mark.parametrize(
    ("text", "build"),
    [
        ("file:///ref/hg38.fa", "GRCh38"), ("GRCh38.p14", "GRCh38"), ("B37", "GRCh37"), ("hg19", "GRCh37"),
        ("ftp://x/ReferenceFiles/build37.fa.bz2", "GRCh37"), ("human_g1k_v37.fasta", "GRCh37"),
        ("NCBI build 37", "GRCh37"), ("GCA_000001405.15", "GRCh38"), ("GCF_000001405.25", "GRCh37"),
        ("GCF_000001405.40", "GRCh38"), ("hg18", "NCBI36"), ("chm13v2.0", "T2T-CHM13"), ("reference.fa", None),
    ],
)  # fmt: skip
def test_a_build_is_told_by_its_usual_names(text: str, build: str | None) -> None:
    assert named_in(text) == build


def test_a_contig_tells_its_build_by_length_or_accession() -> None:
    assert of_contig("chr1", 249250621) == "GRCh37"
    assert of_contig("1", 248956422) == "GRCh38"
    assert of_contig("NC_000001.10", None) == "GRCh37"
    assert of_contig("NC_000023.11", None) == "GRCh38"
    assert of_contig("22", 51174940) is None
    assert of_contig("scaffold", 1) is None


def test_evidence_that_disagrees_is_no_build() -> None:
    assert settle(["GRCh37", "GRCh37"]) == "GRCh37"
    assert settle(["GRCh37", "GRCh38"]) == "several"
    assert settle([]) is None


def test_a_place_key_orders_by_chromosome_then_position() -> None:
    assert place_key("1", 249250621) < place_key("2", 1) < place_key("10", 1) < place_key("MT", 1)
