"""The HL7 v2 sets as they are: what became of every segment, and each field beside what others read of it."""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import hl7
import pytest

from tests.shared.hl7v2_pairs import differences
from twin.importers.base import Context, Item
from twin.importers.content import Content
from twin.importers.hl7v2 import IMPORTER
from twin.importers.hl7v2.grammar import Delimiters, Segment

pytestmark = pytest.mark.shared_data
CONTEXT = Context(now=datetime(2026, 11, 22, tzinfo=UTC))

_SEGMENT = re.compile(rb"(?:\xef\xbb\xbf|\s)*[A-Z][A-Z0-9]{2}(?:[|^]|$)")
NO_OBX_11 = "OBX-11 is empty: the report's own status (OBR-25 F) stands, where they say unknown"
CDC_EXCEPTIONS: dict[tuple[str, str], str] = {
    **{
        (f"OBX-to-Observation-{name}", "status"): NO_OBX_11
        for name in (
            "ce-value", "cwe-value", "dr-value", "dt-value", "dtm-value", "ft-value", "is-value", "nm-value",
            "nr-value", "obx-18-extra-device-identifier", "obx-33-no-extension", "obx-33", "obx25-not-valued",
            "obx25-obx24-not-valued", "obx25-valued", "sn-as-quantity-value", "sn-as-range-value",
            "sn-as-ratio-value-colon", "sn-as-ratio-value-division", "sn-as-string-value", "tm-value", "tx-value",
            "vr-value",
        )
    },
    ("OBX-to-Observation-data-absent-n-value", "status"): "OBX-11 N (not asked) is cancelled here, unknown there",
    ("OBX-to-Observation-ed-value", "code"): "an image is no fact of the record; it is named in the report",
    ("OBX-to-Observation-ed-value", "status"): "an image is no fact of the record; it is named in the report",
    ("OBX-to-Observation-sn-as-quantity-value", "value"): "SN >^1^.^3 is kept whole as >1.3; they drop its end",
    ("OBX-to-Observation-sn-as-string-value", "value"): "SN -^1^+^3 is -1+3 as received; they add a + between",
    ("annotation_author_string_resource_test_file", "code"): "an OBX without OBX-3 is refused; they keep it empty",
    ("annotation_author_string_resource_test_file", "status"): "an OBX without OBX-3 is refused; they keep it empty",
    ("oru_r01-full", "effective"): "the offset of MSH-7 (-0400) holds for times without one (2.A.22); they read UTC",
    ("oru_r01-full", "value"): "SN ^28 is the number 28; they give it no value",
}  # fmt: skip
MICROSOFT_EXCEPTIONS: dict[tuple[str, str], str] = {
    ("LAB-ORU-1", "identifiers"): "PID-19 is not read: the same nine digits stand in for many people",
    ("LAB-ORU-2", "identifiers"): "PID-19 is not read: the same nine digits stand in for many people",
    ("LAB-ORU-1", "status"): "OBX-11 I (specimen in the laboratory) is registered here, unknown there",
    ("ORU-R01-RMGEAD", "identifiers"): "PID-20, a driving licence, is not read",
    ("ORU-R01-RMGEAD", "code"): "a coding system that its sender made up: each side has a name of its own for it",
    ("ORU-R01-01", "results"): "they leave out three of the five OBX: under PID and ORC, and a specimen's second",
    ("ORU-R01-01", "code"): "XYZ, a system its sender made up, has another name there",
    ("ORU-R01-01", "effective"): "follows from the code that can't be matched",
    ("ORU-R01-01", "status"): "follows from the code that can't be matched",
    ("ORU-R01-01", "value"): "follows from the code that can't be matched",
}


@dataclass(kw_only=True)
class Tally:
    """What a set came to."""

    files: int = 0
    not_recognised: list[str] = field(default_factory=list)
    fates: Counter[str] = field(default_factory=Counter)
    facts: Counter[str] = field(default_factory=Counter)
    rejects: Counter[tuple[str, str]] = field(default_factory=Counter)
    unused: Counter[str] = field(default_factory=Counter)
    segments: int = 0
    beside: int = 0
    """Items that are no whole segment: a field of a PID (its birth date or death), or lines that are none."""

    def add(self, item: Item) -> None:
        """Count an item."""
        if item.reject is not None:
            self.fates["rejected"] += 1
            self.rejects[item.kind, item.reject.reason] += 1
        elif item.not_used is not None:
            self.fates["not_used"] += 1
            self.unused[item.kind] += 1
        else:
            self.fates["read"] += 1
        self.beside += item.kind == "line" or ".PID-" in item.where
        self.facts.update(fact.kind for fact in item.facts)


def tally(folder: Path) -> Tally:
    """Read every file of a set."""
    found = Tally()
    for path in sorted(each for each in folder.rglob("*") if each.is_file() and each.suffix not in (".fhir", ".json")):
        found.files += 1
        content = Content.of(path.read_bytes(), path.name)
        if not IMPORTER.recognises(content.head, content.base_name):
            found.not_recognised.append(path.name)
            continue
        found.segments += sum(bool(_SEGMENT.match(line)) for line in re.split(rb"[\r\n]+", path.read_bytes()))
        for item in IMPORTER.read(content, CONTEXT):
            found.add(item)
    print(f"\n{folder.name}: {found}")
    return found


@pytest.fixture
def sets(shared_data: Path) -> Path:
    return shared_data / "ehr" / "hl7v2"


SETS = {  # name: files, segments, read, not used, facts by kind, rejects by segment and reason
    "cdc_elr": (6, 489, 316, 171, {"observation": 291}, {("OBX", "invalid"): 2}),
    "cdc_mapping_inventory": (
        263, 810, 48, 548, {"observation": 10, "death": 3},
        {("PID", "no_identifier"): 184, ("OBX", "no_date_or_code"): 33},
    ),
    "hapi": (
        10, 287, 38, 242, {"observation": 16, "procedure": 1},
        {("OBX", "no_date_or_code"): 8, ("line", "no_segment"): 12},
    ),
    "linuxforhealth": (
        4, 33, 15, 16, {"observation": 1, "report": 2, "encounter": 2, "allergy": 4, "condition": 2},
        {("OBX", "no_date_or_code"): 2},
    ),
    "mirth_connect": (
        29, 1346, 424, 1042, {"observation": 287, "encounter": 58, "condition": 49},
        {("PID", "invalid"): 6, ("OBX", "no_date_or_code"): 4},
    ),
    "ms_fhir_converter": (
        139, 2252, 547, 1801,
        {
            "death": 89, "encounter": 51, "observation": 224, "allergy": 35, "condition": 17, "procedure": 12,
            "medication": 21, "report": 4,
        },
        {("OBX", "no_date_or_code"): 4},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_every_segment_of_a_set_has_its_fate(sets: Path, name: str) -> None:
    files, segments, read, not_used, facts, rejects = SETS[name]
    found = tally(sets / name)
    assert found.files == files
    assert (found.fates["read"], found.fates["not_used"]) == (read, not_used)
    assert found.facts == Counter(facts)
    assert found.rejects == Counter(rejects)
    assert found.segments == segments  # counted by the lines of the files, apart from the reader
    assert found.fates.total() - found.beside == segments


def test_files_that_are_no_messages_are_not_taken_for_some(sets: Path) -> None:
    assert tally(sets / "hapi").not_recognised == ["guide.txt", "uuencoded.txt", "uuencoded_escaped.txt"]
    assert tally(sets / "mirth_connect").not_recognised == [
        "emptyfile.txt",
        "test-hl7-single-field-output.txt",
        "test-hl7-single-segment-output.txt",
        "hl7.txt",  # begins with a mark of its own tool, [SOM]
    ]


def test_what_is_kept_of_an_item_reads_to_it_again(sets: Path) -> None:
    checked = 0
    for path in sorted((sets / "ms_fhir_converter").glob("*.hl7")):
        for item in IMPORTER.read(Content.of(path.read_bytes(), path.name), CONTEXT):
            if item.not_used is None:
                again = IMPORTER.read(Content.of(item.body.encode(), path.name), CONTEXT)
                assert (item.key, item.fingerprint) in {(each.key, each.fingerprint) for each in again}, path.name
                checked += 1
    assert checked > 500


def test_the_mapping_inventory_is_read_field_by_field(sets: Path) -> None:
    pairs = [
        (path.with_suffix(".hl7"), path)
        for path in sorted((sets / "cdc_mapping_inventory").rglob("*.fhir"))
        if path.with_suffix(".hl7").is_file()
    ]
    assert len(pairs) == 39  # a fortieth bundle, pid.fhir, has no message beside it
    found = {each for message, bundle in pairs for each in differences(message, bundle)}
    assert found == CDC_EXCEPTIONS.keys()


def test_another_converter_reads_the_same_but_for_what_is_named(sets: Path) -> None:
    bundles = sorted((sets / "ms_fhir_converter_expected_fhir").glob("*.json"))
    assert len(bundles) == 5
    messages = [sets / "ms_fhir_converter" / f"{path.stem.removesuffix('-expected')}.hl7" for path in bundles]
    found = {each for message, bundle in zip(messages, bundles, strict=True) for each in differences(message, bundle)}
    assert found == MICROSOFT_EXCEPTIONS.keys()


def test_python_hl7_finds_the_same_fields(sets: Path) -> None:
    compared = 0
    for path in sorted(sets.glob("ms_fhir_converter/*.hl7")):
        text = path.read_text(encoding="utf-8-sig").replace("\n", "\r")
        lines = [line.rstrip() for line in text.split("\r") if line.strip()]  # python-hl7 drops blanks at the end
        for line, theirs in zip(lines, hl7.parse("\r".join(lines)), strict=True):
            ours = Segment.of(line, Delimiters.of(lines[0]))
            assert [ours.raw(number) for number in range(1, len(theirs))] == [str(each) for each in theirs[1:]]
            compared += len(theirs) - 1
    assert compared > 20_000
