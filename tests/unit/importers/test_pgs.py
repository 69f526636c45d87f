"""A scoring file is recognised, checked whole, and told as one item."""

import gzip
from datetime import UTC, datetime

import pytest

from tests.unit.record.test_genome_scoring import PLAIN, scoring_file
from twin.errors import TwinError, UnsupportedVersion
from twin.importers import pgs
from twin.importers.base import Context
from twin.importers.content import Content

CONTEXT = Context(now=datetime(2026, 11, 22, tzinfo=UTC))


def test_a_scoring_file_is_one_item() -> None:
    content = Content.of(scoring_file(PLAIN), "score.txt")
    (item,) = pgs.read_items(content, CONTEXT)
    assert (item.kind, item.key, item.fingerprint) == ("ScoringFile", "score/PGS000001/GRCh37", content.sha256)
    assert item.not_used == "a reference file: polygenic score PGS000001, 2 variants, GRCh37"


@pytest.mark.parametrize(
    "content",
    [
        scoring_file(PLAIN),
        gzip.compress(scoring_file(PLAIN)[:100]) + gzip.compress(scoring_file(PLAIN)[100:]),
        b"#pgs_id=x\n#genome_build=GRCh37\nchr_name\teffect_allele\teffect_weight\n",
        b"chr_name\tchr_position\teffect_allele\tother_allele\teffect_weight\r\n",
        b"ID\teffect_allele\tone\ttwo\n",
    ],
)
def test_a_scoring_file_is_recognised(content: bytes) -> None:
    assert pgs.IMPORTER.recognises(content, "x")


@pytest.mark.parametrize(
    "content", [b"", b"patient,code,value\n", b"#comment\na\tb\n", b"\x1f\x8b\x08broken", b'{"resourceType": "Bundle"}']
)
def test_other_files_are_not_scoring_files(content: bytes) -> None:
    assert not pgs.IMPORTER.recognises(content, "score.txt")


def test_a_score_of_many_is_refused_whole() -> None:
    content = Content.of(b"ID\teffect_allele\tone\ttwo\n1:1:A:G\tA\t1\t2\n", "many.txt")
    with pytest.raises(UnsupportedVersion, match="several scores"):
        list(pgs.read_items(content, CONTEXT))


def test_mangled_bytes_never_crash_the_reader() -> None:
    sample = scoring_file(PLAIN)
    for content in (sample, gzip.compress(sample)):
        for position in range(len(content)):
            for change in (b"", b"\x00", b"\t", b"\n", b"\xff", b"9"):
                try:
                    list(pgs.read_items(Content.of(content[:position] + change + content[position + 1 :]), CONTEXT))
                except TwinError:
                    continue
