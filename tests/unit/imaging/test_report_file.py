"""Which files are reports, and what is refused by which name."""

import io
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian

from imaging.errors import DamagedReport, ImagingError, NotAReport, ProtectedReport, TooLarge
from imaging.report import file as report_file
from imaging.report import is_read, is_report, kind_name, read_report, read_segmentation
from imaging.report.survey import MAX_DEPTH, survey
from tests.unit.imaging.report_files import (
    MILLIMETRE,
    REPORT_UID,
    code,
    document,
    group,
    node,
    number,
    saved,
    segmentation,
)

CHEST_CAD = "1.2.840.10008.5.1.4.1.1.88.65"
SMALL = document(group(number("4.5", MILLIMETRE)))
PLANES = np.pad(np.ones((2, 2, 2), bool), ((0, 0), (4, 4), (2, 3)))


def in_syntax(syntax: str) -> bytes:
    return document(group(number("4.5", MILLIMETRE)), syntax=syntax)


def of_class(sop_class_uid: str, **more: object) -> bytes:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class_uid, REPORT_UID
    for keyword, value in more.items():
        setattr(dataset, keyword, value)
    return saved(dataset, ExplicitVRLittleEndian)


def test_a_report_is_known_by_the_sop_class_in_its_first_bytes() -> None:
    assert is_report(SMALL[: report_file.HEAD_BYTES])
    assert is_report(of_class(CHEST_CAD))
    assert not is_report(of_class("1.2.840.10008.5.1.4.1.1.2"))  # a CT image


@pytest.mark.parametrize("head", [b"", b"DICM", SMALL[:131], SMALL[:150], bytes(128) + b"DICM", b"{}" * 100])
def test_what_is_cut_or_no_dicom_is_no_report(head: bytes) -> None:
    assert not is_report(head)


def test_computer_aided_detection_is_a_report_that_is_not_read() -> None:
    assert not is_read(CHEST_CAD)
    assert kind_name(CHEST_CAD) == "Chest CAD SR"
    with pytest.raises(NotAReport, match="Chest CAD SR is not read"):
        read_report(io.BytesIO(of_class(CHEST_CAD)))


def test_a_segmentation_is_not_read_as_a_report_nor_the_other_way_round() -> None:
    with pytest.raises(NotAReport, match="Segmentation"):
        read_report(io.BytesIO(segmentation(PLANES)))
    with pytest.raises(NotAReport, match="Comprehensive SR"):
        read_segmentation(io.BytesIO(SMALL))


def test_bytes_without_preamble_are_refused() -> None:
    with pytest.raises(NotAReport, match="not a DICOM file"):
        read_report(io.BytesIO(b"MSH|^~"))


def test_an_encrypted_report_is_refused_by_name() -> None:
    hidden = Dataset()
    hidden.EncryptedContent = b"\x30\x80"
    with pytest.raises(ProtectedReport, match="encrypted"):
        read_report(io.BytesIO(document(EncryptedAttributesSequence=[hidden])))


def test_a_report_without_content_is_damaged() -> None:
    with pytest.raises(DamagedReport, match="without content"):
        read_report(io.BytesIO(document()))


@pytest.mark.parametrize("left", [1, 2, 9, 40, 200])
def test_a_file_that_is_cut_short_is_never_read_in_part(left: int) -> None:
    with pytest.raises(DamagedReport):
        read_report(io.BytesIO(SMALL[:-left]))
    with pytest.raises(DamagedReport):
        read_segmentation(io.BytesIO(segmentation(PLANES)[:-left]))


def test_a_deflated_report_reads_like_a_plain_one() -> None:
    assert _groups(in_syntax(DeflatedExplicitVRLittleEndian)) == _groups(SMALL)


def test_a_big_endian_report_reads_like_a_plain_one() -> None:
    assert _groups(in_syntax(ExplicitVRBigEndian)) == _groups(SMALL)


def test_a_deflated_bomb_is_refused_while_it_unpacks() -> None:
    whole = in_syntax(DeflatedExplicitVRLittleEndian)
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    meta_ends_at = 144 + int.from_bytes(whole[140:144], "little")  # the group length says so
    bomb = whole[:meta_ends_at] + packer.compress(bytes(40 << 20)) + packer.flush()
    with pytest.raises(TooLarge, match="unpacks to more than 32 MiB"):
        read_report(io.BytesIO(bomb))


def test_endless_nesting_is_refused() -> None:
    deep = number("1", MILLIMETRE)
    for _ in range(MAX_DEPTH + 2):
        deep = node("CONTAINER", code("121070", "DCM", "Findings"), children=[deep])
    with pytest.raises(DamagedReport, match="nested deeper"):
        read_report(io.BytesIO(document(deep)))


def test_deep_but_possible_nesting_is_read() -> None:
    deep = group(number("1", MILLIMETRE))
    for _ in range(20):
        deep = node("CONTAINER", code("121070", "DCM", "Findings"), children=[deep])
    assert len(read_report(io.BytesIO(document(deep))).groups) == 1


@pytest.mark.parametrize(
    ("sample", "read"), [(SMALL, read_report), (segmentation(PLANES), read_segmentation)], ids=["report", "segments"]
)
def test_mangled_bytes_raise_nothing_but_our_own_errors(sample: bytes, read: Callable[[io.BytesIO], object]) -> None:
    for position in range(128, len(sample), 5):
        for change in (b"", b"\x00", b"\xff", b"\xfe\xff\x00\xe0"):
            mangled = sample[:position] + change + sample[position + 1 :]
            try:
                read(io.BytesIO(mangled))
            except ImagingError:
                continue


def _groups(content: bytes) -> object:
    return read_report(io.BytesIO(content)).groups


def test_a_report_of_more_elements_than_memory_holds_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(TooLarge, match="more than 10 elements"):
        survey(report_file.open_report(io.BytesIO(SMALL), 1 << 20), 10)
