"""What a VCF file is read as: whose it is, which build, what is kept, and what is refused by name."""

import gzip
import io
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

import pytest

from twin.errors import TwinError, UnreadableInput, UnsupportedVersion
from twin.importers import vcf
from twin.importers.base import Context, Item
from twin.importers.content import Content
from twin.record.genome.scoring import of_bytes

NOW = datetime(2026, 11, 22, tzinfo=UTC)
APOE4 = "19 45411941 rs429358 T C 50 PASS . GT 0/1"
APOE2 = "19 45412079 . C T 50 PASS . GT 0/0"


def genome(*records: str, build: str | None = "GRCh37", people: str = "person", more: str = "") -> bytes:
    """A VCF of these records, whose columns are separated by blanks."""
    lines = ["##fileformat=VCFv4.2", *([f"##reference={build}"] if build else []), *([more] if more else [])]
    lines.append("\t".join(f"#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT {people}".split()))
    return ("\n".join([*lines, *("\t".join(record.split()) for record in records)]) + "\n").encode()


def read(content: bytes, **context: object) -> list[Item]:
    """The items of a file."""
    return list(vcf.read_items(Content.of(content, "g.vcf"), Context(now=NOW, **context)))  # type: ignore[arg-type]


def by_key(items: list[Item]) -> dict[str, Item]:
    return {item.key: item for item in items}


def test_a_panel_variant_is_a_fact_with_its_genotype_as_received() -> None:
    (fact,) = by_key(read(genome(APOE4.replace("0/1", "1|0"))))["variant/person/rs429358"].facts
    assert (fact.coding.system, fact.coding.code) == ("http://www.ncbi.nlm.nih.gov/snp", "rs429358")
    assert fact.coding.display == "APOE rs429358 T>C (GRCh37 19:45411941)"
    assert (fact.value_kind, fact.value) == ("code", "heterozygous")
    assert fact.value_coding is not None and fact.value_coding.code == "LA6706-1"
    assert (fact.part, fact.status, fact.where) == ("1|0", "final", "line 4")
    assert [coding.code for coding in fact.other_codings] == ["APOE"]


def test_a_file_date_is_when_it_was_known_and_without_one_the_import_is() -> None:
    def fact(more: str) -> tuple[datetime, datetime, str]:
        (draft,) = by_key(read(genome(APOE4, more=more)))["variant/person/rs429358"].facts
        return draft.observed_at, draft.known_at, draft.known_basis

    day = datetime(2012, 12, 4, tzinfo=UTC)
    assert fact("##fileDate=20121204") == (day, day, "message")
    instant = datetime(2023, 2, 3, 8, 20, 52, 44000, tzinfo=timezone(timedelta(hours=-8)))
    assert fact("##fileDate=2023-02-03T08:20:52.044-08:00")[0] == instant
    assert fact("##fileDate=last week") == (NOW, NOW, "received")
    assert fact("##fileDate=20129999") == (NOW, NOW, "received")


def test_the_person_is_known_by_the_sample_name() -> None:
    (identifier,) = by_key(read(genome(APOE4)))["variant/person/rs429358"].subject.identifiers  # type: ignore[union-attr]
    assert (identifier.system, identifier.value) == ("urn:patient-twin:sample", "person")


def test_a_named_patient_goes_before_the_sample_name() -> None:
    subject = by_key(read(genome(APOE4), patient="p1"))["variant/person/rs429358"].subject
    assert subject is not None and subject.identifiers == ()


def test_records_outside_the_panel_are_not_used_and_the_panel_tells_what_it_lacks() -> None:
    items = by_key(read(genome("1 1 . A G . . . GT 0/1", APOE4)))
    assert items["record/person/1:1:A:G"].not_used == "outside the panel"
    told = items["panel/person"].not_used
    assert told is not None and told.startswith("no call at 42 panel positions: rs738409, ")
    assert "rs429358" not in told


def test_of_many_people_one_must_be_named_and_names_are_not_told() -> None:
    content = genome(APOE4 + " 1/1", people="anna bert")
    with pytest.raises(UnreadableInput, match="2 people in this file") as error:
        read(content)
    assert "anna" not in str(error.value)
    with pytest.raises(UnreadableInput, match="not exactly one of the 2 people"):
        read(content, sample="carl")
    (fact,) = by_key(read(content, sample="bert"))["variant/bert/rs429358"].facts
    assert fact.value == "homozygous"


def test_a_kept_record_holds_no_other_persons_genotype() -> None:
    item = by_key(read(genome(APOE4 + ":7 1/1:9", people="anna bert"), sample="bert"))["variant/bert/rs429358"]
    assert "1/1:9" in item.body and "0/1:7" not in item.body and "anna" not in item.body


def test_the_body_of_an_item_reads_to_that_item_again() -> None:
    for key in ("variant/person/rs429358", "apoe/person"):
        item = by_key(read(genome(APOE4, APOE2, more="##fileDate=20200102")))[key]
        again = by_key(read(item.body.encode()))[key]
        assert again.fingerprint == item.fingerprint
        assert [fact.known_at for fact in again.facts] == [fact.known_at for fact in item.facts]


def test_the_same_call_in_a_later_file_has_the_same_fingerprint_and_a_changed_call_another() -> None:
    def fingerprint(record: str, more: str = "") -> str:
        return by_key(read(genome(record, more=more)))["variant/person/rs429358"].fingerprint

    assert fingerprint(APOE4) == fingerprint(APOE4.replace(" 50 ", " 60 "), "##fileDate=20240101")
    assert fingerprint(APOE4) != fingerprint(APOE4.replace("0/1", "1/1"))
    assert fingerprint(APOE4) != fingerprint(APOE4.replace("PASS", "q10"))


@pytest.mark.parametrize(
    ("more", "build"),
    [
        ("##contig=<ID=19,length=59128983>", "GRCh37"),
        ("##contig=<ID=chr19,length=58617616,assembly=x>", "GRCh38"),
        ("##contig=<ID=chr19,assembly=GRCh38.p14>", "GRCh38"),
        ("##contig=<ID=NC_000019.9,length=1>", "GRCh37"),
        ("##reference=file:///hg38.fa", "GRCh38"),
    ],
)
def test_the_build_is_told_by_the_header(more: str, build: str) -> None:
    position = {"GRCh37": 45411941, "GRCh38": 44908684}[build]
    record = f"chr19 {position} . T C . . . GT 0/1"
    assert "variant/person/rs429358" in by_key(read(genome(record, build=None, more=more)))


@pytest.mark.parametrize(
    ("build", "more", "reason"),
    [
        (None, "", "unknown_build"),
        ("hg18", "", "unsupported_build"),
        ("chm13v2", "", "unsupported_build"),
        ("GRCh37", "##contig=<ID=1,length=248956422>", "contradicting_builds"),
    ],
)
def test_without_one_known_build_the_panel_is_refused_and_every_record_listed(
    build: str | None, more: str, reason: str
) -> None:
    items = read(genome(APOE4, APOE2, build=build, more=more))
    assert [item.reject.reason for item in items if item.reject] == [reason]
    assert Counter(item.kind for item in items) == {"Genome": 1, "Record": 2}


def test_a_build_that_is_named_by_the_sender_is_taken() -> None:
    assert "variant/person/rs429358" in by_key(read(genome(APOE4, build=None), mapping="GRCh37"))


def test_three_rs_numbers_in_their_places_tell_the_build() -> None:
    named = [
        "19 45411941 rs429358 T C . . . GT 0/1",
        "6 26093141 rs1800562 G A . . . GT 0/1",
        "22 44324727 rs738409 C G . . . GT 0/1",
    ]
    assert "variant/person/rs738409" in by_key(read(genome(*named, build=None)))
    assert by_key(read(genome(*named[:2], build=None)))["genome/person"].reject
    moved = [*named, "4 1 rs671 G A . . . GT 0/0"]
    assert by_key(read(genome(*moved, build=None)))["genome/person"].reject


def test_a_file_without_people_is_listed() -> None:
    content = b"##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t1\t.\tA\tG\t.\t.\t.\n"
    assert [item.not_used for item in read(content)] == ["a file without people: no genotypes"]


@pytest.mark.parametrize("version", ["VCFv4.0", "VCFv3.3", "VCFv5.0", "VCF"])
def test_other_versions_are_refused_by_name(version: str) -> None:
    with pytest.raises(UnsupportedVersion, match=f"{version}; this instance takes VCF 4.1 to 4.5"):
        read(genome(APOE4).replace(b"VCFv4.2", version.encode()))


@pytest.mark.parametrize("version", ["4.1", "4.2", "4.3", "4.4", "4.5"])
def test_versions_4_1_to_4_5_are_taken(version: str) -> None:
    assert len(read(genome(APOE4).replace(b"4.2", version.encode()))) == 3


def test_binary_vcf_is_refused_by_name() -> None:
    content = gzip.compress(b"BCF\x02\x02")
    assert vcf.IMPORTER.recognises(content, "g.bcf")
    with pytest.raises(UnsupportedVersion, match="BCF"):
        read(content)


def test_packed_files_are_read_in_many_members() -> None:
    content = genome(APOE4, APOE2)
    packed = gzip.compress(content[:50]) + gzip.compress(content[50:]) + gzip.compress(b"")
    assert vcf.IMPORTER.recognises(packed, "g.vcf.gz")
    assert [item.fingerprint for item in read(packed)] == [item.fingerprint for item in read(content)]


def test_a_file_cut_short_tells_so_after_what_was_read() -> None:
    packed = gzip.compress(genome(APOE4, *(f"1 {place} . A G . . . GT 0/1" for place in range(1, 3000))))
    items = read(packed[:-30])
    assert [item.reject.reason for item in items if item.reject] == ["truncated"]
    assert "variant/person/rs429358" in by_key(items)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ("19 45411941 . T C 50 PASS .", "columns"),
        ("19 45411941 . T C 50 PASS . GT 0/1 0/1", "columns"),
        ("19 x . T C 50 PASS . GT 0/1", "POS"),
        ("19 -4 . T C 50 PASS . GT 0/1", "POS"),
        ("19 45411941 . . C 50 PASS . GT 0/1", "REF"),
        ("19 45411941 . T C,,G 50 PASS . GT 0/1", "ALT"),
        ("19 45411941 . T C?G 50 PASS . GT 0/1", "ALT"),
        ("19 45411941 . T C 50 PASS . GT 0/2", "GT names an allele"),
        ("19 45411941 . T C 50 PASS . GT a/b", "GT is no genotype"),
        ("1 4 . T C 50 PASS . GT 0//1", "GT is no genotype"),
    ],
)
def test_a_record_that_is_none_is_refused_and_the_rest_goes_on(record: str, words: str) -> None:
    items = read(genome(record, APOE2))
    (reject,) = [item.reject for item in items if item.reject]
    assert (reject.where, reject.reason) == ("line 4", "invalid") and words in reject.detail
    assert "variant/person/rs7412" in by_key(items)


def test_a_line_longer_than_any_record_is_passed_over() -> None:
    long = b"1\t1\t.\t" + b"A" * (40 * 2**20) + b"\n"
    items = read(genome(APOE4) + long + genome(APOE2).splitlines()[-1])
    assert [(item.reject.where, item.reject.detail) for item in items if item.reject] == [
        ("line 5", "a line longer than any record")
    ]
    assert "variant/person/rs7412" in by_key(items)


@pytest.mark.parametrize("content", [b"", b"##fileformat=VCFv4.2\n", b"##fileformat=VCFv4.2\n1\t1\n", b"x"])
def test_a_file_without_a_header_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableInput):
        read(content)


def test_a_byte_order_mark_is_no_part_of_the_file() -> None:
    content = b"\xef\xbb\xbf" + genome(APOE4)
    assert vcf.IMPORTER.recognises(content, "g.vcf")
    assert "variant/person/rs429358" in by_key(read(content))


def test_polygenic_scores_are_facts_and_refused_ones_say_why() -> None:
    titles = "#pgs_id=PGS00000{0}\n#trait_reported=a trait\n#genome_build=GRCh37\nchr_name\tchr_position\teffect_allele"
    rows = "\tother_allele\teffect_weight\n1\t1\tA\tG\t0.1\n1\t2\tC\tT\t0.2\n"
    found = of_bytes((titles.format(1) + rows).encode())
    lacking = of_bytes((titles.format(2) + rows + "1\t3\tC\tT\t0.2\n").encode())
    records = ("1 1 . G A . . . GT 0/1", "1 2 . T C . . . GT 1/1", APOE4)
    items = by_key(read(genome(*records), knowledge=(found, lacking, "something else")))
    (fact,) = items["score/person/PGS000001"].facts
    assert (fact.coding.system, fact.coding.code) == ("https://www.pgscatalog.org/score", "PGS000001")
    assert (fact.value_kind, fact.value, fact.unit) == ("number", "0.5", "1")
    assert fact.part == "GRCh37; 2 of 2 variants matched by place"
    assert items["score/person/PGS000002"].not_used == (
        "polygenic score PGS000002: 66.7 % matched, 2 of 3 variants matched by place"
    )
    assert items["record/person/1:1:G:A"].not_used == "outside the panel; looked at for polygenic scores"


def test_a_header_beyond_all_bounds_is_refused() -> None:
    with pytest.raises(UnreadableInput, match="line 2: a header line too long"):
        read(b"##fileformat=VCFv4.2\n##x=" + b"x" * (17 * 2**20))
    with pytest.raises(UnreadableInput, match="longer than any VCF header"):
        read(b"##fileformat=VCFv4.2\n" + (b"##x=" + b"x" * 2**20 + b"\n") * 65)


def test_a_line_without_an_end_ends_the_file() -> None:
    class Endless(io.RawIOBase):
        given = genome(APOE4)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            part, self.given = self.given[: len(buffer)], self.given[len(buffer) :]
            buffer[: len(part) or len(buffer)] = part or bytes(len(buffer))
            return len(part) or len(buffer)

    endless = Content(name="g.vcf", size=0, opener=lambda: io.BufferedReader(Endless(), 2**24))
    items = list(vcf.read_items(endless, Context(now=NOW)))
    assert [item.reject.detail for item in items if item.reject] == ["a line without an end"]
    assert "variant/person/rs429358" in by_key(items)


def test_without_a_build_broken_and_endless_lines_are_refused_too() -> None:
    content = genome(APOE4, "19 x . T C . . . GT 0/1", build=None) + b"\n" + b"A" * (17 * 2**20)
    reasons = [(item.reject.where, item.reject.detail[:20]) for item in read(content) if item.reject]
    assert reasons[1:] == [("line 4", "POS is no number"), ("line 6", "a line longer than a")]
    cut = gzip.compress(genome(*(f"1 {place} . A G . . . GT 0/1" for place in range(1, 3000)), build=None))[:-30]
    assert [item.reject.reason for item in read(cut) if item.reject] == ["unknown_build", "truncated"]


def test_a_refused_record_of_many_people_is_kept_for_one() -> None:
    record = "19 45411941 . T C 50 PASS . GT 0/1:7 x/1"
    (item,) = [item for item in read(genome(record, people="anna bert"), sample="bert") if item.reject]
    assert item.body.endswith("GT\tx/1\n") and "0/1:7" not in item.body
    again = [each.fingerprint for each in read(item.body.encode()) if each.reject]
    assert len(again) == 1


def test_a_panel_that_is_called_everywhere_lacks_nothing() -> None:
    blocks = [f"{name} 1 . A <*> . . END=250000000 GT 0/0" for name in [*map(str, range(1, 23)), "X"]]
    unchecked = "5 147207678 rs17107315 T . . . . GT 0/0"
    items = by_key(read(genome(*blocks, unchecked)))
    assert "panel/person" not in items
    assert {fact.value for item in items.values() for fact in item.facts} == {"absent", "e3/e3"}


def test_mangled_bytes_never_crash_the_reader() -> None:
    sample = genome("1 1 . A <DEL>,*,]2:5]C . q10 END=9 GT:PS 0|1:4", APOE4, more="##fileDate=20200101")
    for packed in (sample, gzip.compress(sample)):
        for position in range(len(packed)):
            for change in (b"", b"\x00", b"\t", b"\n", b"\xff", b"9", b"<", b","):
                try:
                    read(packed[:position] + change + packed[position + 1 :])
                except TwinError:
                    continue
