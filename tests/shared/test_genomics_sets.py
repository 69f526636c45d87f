"""The genomics sets as they are: every file read, what became of its records, and other programs' opinion of them.

Oracles: pysam for what a VCF record says, vcf2fhir's expected FHIR for zygosity, and a plain-Python sum for scores.
"""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pysam
import pytest

from twin.errors import TwinError, UnsupportedVersion
from twin.importers import pgs, recognise, vcf
from twin.importers.base import Context, Item
from twin.importers.content import Content
from twin.importers.vcf.header import read_header
from twin.importers.vcf.record import Line, Malformed
from twin.importers.vcf.source import lines
from twin.record.genome.panel import panel
from twin.record.genome.scoring import ScoringFile, parse
from twin.record.genome.site import Site

pytestmark = pytest.mark.shared_data
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="session")
def genomics(shared_data: Path) -> Path:
    """The folder of the genomics sets."""
    return shared_data / "ehr" / "genomics"


def content_of(path: Path) -> Content:
    return Content(name=str(path), size=path.stat().st_size, opener=lambda: path.open("rb"))


def text_of(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        yield from file


def people_of(path: Path) -> list[str]:
    return next(line for line in text_of(path) if line.startswith("#CHROM")).rstrip("\r\n").split("\t")[9:]


def read(path: Path, **more: Any) -> list[Item]:
    """The items of a VCF, read for the first person of many."""
    people = people_of(path)
    context = {"sample": people[0] if len(people) > 1 else None} | more
    return list(vcf.read_items(content_of(path), Context(now=NOW, **context)))


def fates(items: list[Item]) -> Counter[str]:
    """What became of the items, by reason; reasons that list variants or counts are cut at their first colon."""
    return Counter(
        f"rejected {item.reject.reason}" if item.reject
        else f"not used {item.not_used.partition(':')[0]}" if item.not_used
        else "fact"
        for item in items
    )  # fmt: skip


def vcfs(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.name.endswith((".vcf", ".vcf.gz")))


def sites_of(path: Path, person: str | None = None) -> Iterator[tuple[Line, Site | None] | None]:
    """Every record as our reader sees it, None where it is refused."""
    numbered = lines(content_of(path))
    header = read_header(numbered, Context(now=NOW, sample=person))
    for _, raw in numbered:
        assert raw is not None
        if raw:
            try:
                line = Line(raw, header)
                yield line, line.site()
            except Malformed:
                yield None


def test_every_must_accept_file_of_the_specification_is_read_without_a_reject_of_a_record(genomics: Path) -> None:
    files = vcfs(genomics / "vcf_spec_conformance")
    told: Counter[str] = Counter()
    for path in files:
        items = read(path)
        told.update(fates(items))
        told["read"] += len(items)
        assert recognise(content_of(path)) is vcf.IMPORTER
        assert not [item for item in items if item.reject and item.kind == "Record"], path
    print(f"{len(files)} files: {dict(told)}")
    assert len(files) == 76
    assert told["rejected unknown_build"] == 45


@pytest.mark.parametrize("name", ["vcf_spec_conformance", "pharmcat", "vcf2fhir", "pgsc_calc_cineca"])
def test_pysam_sees_the_same_records_alleles_genotypes_and_phase(genomics: Path, name: str) -> None:
    compared = 0
    pysam.set_verbosity(0)
    for path in vcfs(genomics / name):
        if path.name == "vcf_example1.vcf":  # its broken records end the file for htslib
            continue
        people = people_of(path)
        with pysam.VariantFile(str(path)) as theirs:
            for record, ours in zip(theirs, sites_of(path, people[0] if len(people) > 1 else None), strict=True):
                assert ours is not None
                line, site = ours
                assert (line.contig, line.position, line.ref) == (record.chrom, record.pos, record.ref)
                assert (() if line.alt == "." else tuple(line.alt.split(","))) == (record.alts or ())
                if site is None:
                    continue
                sample = record.samples[people[0]]
                assert site.called == sample["GT"], (path, line.position)
                if len(site.called) > 1 and None not in site.called:
                    assert site.is_phased == sample.phased, (path, line.position)
                compared += 1
    print(f"{name}: {compared} genotypes compared")
    assert compared > 50


def test_the_pharmacogene_files_tell_the_panel_as_pharmcat_does(genomics: Path) -> None:
    first = read(genomics / "pharmcat" / "pharmcat.example.vcf")
    second = read(genomics / "pharmcat" / "pharmcat.example2.vcf")
    told = fates(first)
    print(f"pharmcat.example.vcf: {len(first)} items, {dict(told)}")
    assert len(first) == 1203
    assert told == {"fact": 11, "not used outside the panel": 1191, "not used no call at 32 panel positions": 1}
    states = [{fact.coding.code: fact.value for item in items for fact in item.facts} for items in (first, second)]
    assert set(states[0].values()) == {"absent"}
    # example2's report has CYP2C19 *2/*2 (clopidogrel: poor metaboliser); nothing else in the panel differs
    assert states[1] == states[0] | {"rs4244285": "homozygous"}


def test_the_panel_has_pharmcats_positions_and_reference_bases(genomics: Path) -> None:
    listed = {}
    for line in text_of(genomics / "pharmcat" / "pharmcat.example.vcf"):
        if not line.startswith("#"):
            contig, position, rsid, ref, alt = line.split("\t")[:5]
            listed[rsid] = (contig.removeprefix("chr"), int(position), ref, alt.split(","))
    checked = [variant for variant in panel().values() if variant.checked["GRCh38"] == "pharmcat"]
    for variant in checked:
        contig, position, ref, alts = listed[variant.rsid]
        assert (variant.chromosome, variant.positions["GRCh38"], variant.ref) == (contig, position, ref)
        assert variant.alt in alts
    assert len(checked) == 11


def test_the_panel_has_the_dbsnp_names_of_a_real_genome(genomics: Path) -> None:
    named = {}
    for name in ("HG00403A.vcf.gz", "vcf_example2.vcf"):
        for line in text_of(genomics / "vcf2fhir" / name):
            fields = line.split("\t")
            if not line.startswith("#") and "CGA_XR=" in fields[7]:
                for rsid in fields[7].split("CGA_XR=")[1].split(";")[0].replace("&", "|").split("|"):
                    named[rsid] = (fields[0], int(fields[1]), fields[3])
    checked = [variant for variant in panel().values() if variant.checked["GRCh37"] == "1000g"]
    assert [variant.rsid for variant in checked] == ["rs429358", "rs4986893", "rs12248560"]
    for variant in checked:
        assert (variant.chromosome, variant.positions["GRCh37"], variant.ref) == named[variant.rsid]


def test_the_panel_stands_as_far_between_the_builds_as_its_neighbours(genomics: Path) -> None:
    """PGS001229 (chromosome 22) and OPGS017309 (the LPA locus) give the same variants in both builds."""
    chromosome_22: dict[float, int] = {}
    for line in text_of(genomics / "pgsc_calc_cineca" / "scorefiles" / "PGS001229_22.txt"):
        fields = line.split("\t")
        if fields[0].startswith("rs") and fields[0] != "rsID":
            chromosome_22[float(fields[5])] = int(fields[2])
    pairs: dict[str, list[tuple[int, int]]] = {"22": [], "6": []}
    scored = genomics / "pgs_catalog" / "pgscatalog.calc" / "structured" / "PGS001229_hmPOS_GRCh38.txt.gz"
    for line in text_of(scored):
        fields = line.split("\t")
        if fields[0] == "22" and float(fields[4]) in chromosome_22:
            pairs["22"].append((chromosome_22[float(fields[4])], int(fields[1])))
    for line in text_of(genomics / "pgs_catalog" / "pgscatalog.core" / "OPGS017309_hmPOS_GRCh38.txt.gz"):
        fields = line.rstrip("\n").split("\t")
        if fields[0].startswith("rs") and fields[0] != "rsID" and fields[9]:
            pairs["6"].append((int(fields[2]), int(fields[9])))
    checked = [variant for variant in panel().values() if variant.checked["GRCh38"] == "offset"]
    for variant in checked:
        mine = variant.positions["GRCh37"]
        near = sorted(pairs[variant.chromosome], key=lambda pair: abs(pair[0] - mine))[:2]
        assert {new - old for old, new in near} == {variant.positions["GRCh38"] - mine}, variant.rsid
    assert len(checked) == 6


def test_a_real_genome_is_read_whole(genomics: Path) -> None:
    items = read(genomics / "vcf2fhir" / "HG00403A.vcf.gz")
    told = fates(items)
    print(f"HG00403A.vcf.gz: {len(items)} items, {dict(told)}")
    assert sum(item.kind == "Record" for item in items) == 20834 - 2
    assert told == {
        "fact": 2,
        "not used outside the panel": 20832,
        "not used APOE": 1,
        "not used no call at 41 panel positions": 1,
    }
    facts = {fact.coding.code: fact for item in items for fact in item.facts}
    assert {code: (fact.value, fact.part) for code, fact in facts.items()} == {
        "rs429358": ("heterozygous", "1/0"),
        "rs4986893": ("heterozygous", "1/0"),
    }
    assert {fact.known_at for fact in facts.values()} == {datetime(2012, 12, 4, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vcf_structural_variants.vcf", "expected_fhir_germline_structural.json"),
        ("NB6TK328_filtered.vcf", "expected_annotation.json"),
    ],
)
def test_zygosity_is_that_of_vcf2fhir(genomics: Path, name: str, expected: str) -> None:
    theirs: dict[tuple[int, str], str] = {}
    for resource in json.loads((genomics / "vcf2fhir" / expected).read_text())["contained"]:
        said = {part["code"]["coding"][0]["code"]: part for part in resource.get("component", [])}
        if "53034-5" in said and ("81254-5" in said or "81302-2" in said):
            place = said.get("81254-5", said.get("81302-2"))["valueRange"]["low"]["value"]
            code = said["53034-5"]["valueCodeableConcept"]["coding"][0]["code"]
            theirs[(int(place), said["69547-8"]["valueString"])] = code
    ours = {}
    for each in sites_of(genomics / "vcf2fhir" / name):
        if each is not None and each[1] is not None and each[1].called and None not in each[1].called:
            site = each[1]
            code = {1: "LA6707-9"}.get(len(site.called), "LA6705-3" if len(set(site.called)) == 1 else "LA6706-1")
            ours[(site.position, site.ref)] = code
    agreeing = {key: code for key, code in theirs.items() if key in ours}
    print(f"{name}: {len(agreeing)} of {len(theirs)} variants compared")
    assert len(agreeing) >= 5
    assert agreeing == {key: ours[key] for key in agreeing}


@pytest.mark.parametrize(("name", "more"), [("vcf_example1.vcf", 3), ("vcf_example2.vcf", 0), ("vcf_example4.vcf", 0)])
def test_records_that_break_the_standard_are_refused_and_the_rest_is_read(genomics: Path, name: str, more: int) -> None:
    items = read(genomics / "vcf2fhir" / name, mapping="GRCh37")
    print(f"{name}: {len(items)} items, {dict(fates(items))}")
    assert fates(items)["rejected invalid"] == more
    if name == "vcf_example2.vcf":
        assert {fact.coding.code: fact.value for item in items for fact in item.facts} == {"rs12248560": "heterozygous"}


def scores_of(folder: Path) -> dict[str, str]:
    """What becomes of every scoring file: its size, or why it is refused."""
    told = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and pgs.IMPORTER.recognises(content_of(path).head, path.name):
            try:
                (item,) = pgs.read_items(content_of(path), Context(now=NOW))
                told[path.relative_to(folder).as_posix()] = (item.not_used or "").partition(", ")[2]
            except TwinError as error:
                told[path.relative_to(folder).as_posix()] = f"refused: {error}"
    return told


def test_every_scoring_file_is_read_or_refused_by_name(genomics: Path) -> None:
    told = scores_of(genomics / "pgs_catalog") | scores_of(genomics / "pgsc_calc_cineca")
    print("\n".join(f"{name}: {what}" for name, what in told.items()))
    refused = {name: what for name, what in told.items() if what.startswith("refused")}
    assert (len(told), len(refused)) == (43, 16)
    assert Counter(what.partition(" (")[0] for what in refused.values()) == {
        "refused: several scores in one file, or no effect_weight: send one score a file": 2,
        "refused: several scores in one file: send one score a file": 3,
        "refused: weights by dosage": 1,
        "refused: a score with is_diplotype rows": 1,
        "refused: a score with is_haplotype rows": 1,
        "refused: no variant has a place in GRCh37 or GRCh38, nor an rs number": 8,
    }


def score_of(path: Path, build: str | None = None) -> ScoringFile:
    with path.open("rb") as file:
        return parse(file, content_of(path).sha256, build)


def plain_sum(vcf_path: Path, table: list[dict[str, str]], person: int) -> tuple[float, int]:
    """A person's sum, the slow and obvious way: effect alleles counted by their letters; and how many variants."""
    called: dict[tuple[str, str], tuple[str, list[str]]] = {}
    for line in text_of(vcf_path):
        if not line.startswith("#"):
            fields = line.rstrip("\n").split("\t")
            alleles = [fields[3], *fields[4].split(",")]
            genotype = fields[9 + person].split(":")[0].replace("|", "/").split("/")
            if "." not in genotype:
                called[(fields[0], fields[1])] = (fields[3], [alleles[int(index)] for index in genotype])
            called.setdefault((fields[0], fields[1]), ("", []))
    total, matched, other_strand = 0.0, 0, {"A": "T", "T": "A", "C": "G", "G": "C"}
    seen_alleles = {
        (fields[0], fields[1]): {fields[3], *fields[4].split(",")}
        for line in text_of(vcf_path)
        if not line.startswith("#")
        for fields in [line.split("\t", 5)]
    }
    done = set()
    for row in table:
        key = (row["chr_name"], row["chr_position"])
        effect, other = row["effect_allele"], row["other_allele"]
        if key not in called or not called[key][1] or other_strand.get(effect) == other or key in done:
            continue
        if not {effect, other} <= seen_alleles[key]:
            effect, other = other_strand.get(effect, ""), other_strand.get(other, "")
            if not {effect, other} <= seen_alleles[key]:
                continue
        done.add(key)
        dosage = called[key][1].count(effect)
        if row.get("is_dominant", "").upper() == "TRUE":
            dosage = min(dosage, 1)
        elif row.get("is_recessive", "").upper() == "TRUE":
            dosage = int(dosage == 2)
        total += float(row["effect_weight"]) * dosage
        matched += 1
    return total, matched


def table_of(path: Path) -> list[dict[str, str]]:
    rows = (line for line in text_of(path) if not line.startswith("#"))
    return list(csv.DictReader(rows, delimiter="\t"))


@pytest.mark.parametrize("name", ["scorefile.txt", "PGS001229_22.txt", "scorefile_dominant_and_recessive.txt"])
def test_a_polygenic_sum_is_that_of_plain_counting(genomics: Path, name: str) -> None:
    cineca = genomics / "pgsc_calc_cineca"
    target = cineca / "target_genomes" / "cineca_synthetic_subset.vcf.gz"
    score = score_of(cineca / "scorefiles" / name)
    people = people_of(target)
    for person in (0, 1, 1200, 2503):
        items = read(target, sample=people[person], mapping="GRCh37", knowledge=(score,))
        (item,) = [item for item in items if item.kind == "PolygenicScore"]
        expected, matched = plain_sum(target, table_of(cineca / "scorefiles" / name), person)
        (fact,) = item.facts
        print(f"{name}, person {person}: {fact.value} ({fact.part})")
        assert fact.value is not None
        assert float(fact.value) == pytest.approx(expected, abs=1e-12)
        assert fact.part.startswith(f"GRCh37; {matched} of 835 variants matched by place")


def test_a_score_that_the_genome_does_not_cover_is_refused_with_its_rate(genomics: Path) -> None:
    catalog = genomics / "pgs_catalog"
    score = score_of(catalog / "pgscatalog.calc" / "structured" / "PGS001229_hmPOS_GRCh38.txt.gz", "GRCh38")
    target = catalog / "pgscatalog.calc" / "vcf" / "tiny1000G.vcf.gz"
    items = read(target, mapping="GRCh38", knowledge=(score,))
    (item,) = [item for item in items if item.kind == "PolygenicScore"]
    print(item.not_used)
    assert item.not_used is not None and "% matched" in item.not_used


def test_many_people_in_one_file_are_refused_with_their_number(genomics: Path) -> None:
    for path, number in (
        (genomics / "pgs_catalog" / "pgscatalog.calc" / "vcf" / "tiny1000G.vcf.gz", 3202),
        (genomics / "pgsc_calc_cineca" / "target_genomes" / "cineca_synthetic_subset.vcf.gz", 2504),
    ):
        with pytest.raises(TwinError, match=f"^{number} people in this file") as error:
            list(vcf.read_items(content_of(path), Context(now=NOW)))
        assert not isinstance(error.value, UnsupportedVersion)
        assert "HG00" not in str(error.value)
