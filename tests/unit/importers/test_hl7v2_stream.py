"""How a file is cut into messages, in which characters they are read, and what is refused as a whole."""

import io
import tracemalloc
from typing import BinaryIO

import pytest

from tests.unit.importers.hl7v2_messages import CONTEXT, MSH, OBR, PID, fates, items, obx, of_bytes
from twin.errors import UnreadableInput, UnsupportedVersion
from twin.importers.content import Content
from twin.importers.hl7v2 import IMPORTER, stream

WHOLE = [MSH, PID, OBR, obx("88")]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r\n", "\n\n"])
def test_segments_end_in_any_line_end(end: str) -> None:
    assert fates(items(*WHOLE, end=end)) == fates(items(*WHOLE))


def test_line_ends_may_be_mixed_and_framed_by_mllp() -> None:
    content = b"\x0b" + MSH.encode() + b"\r" + PID.encode() + b"\n" + OBR.encode() + b"\r\n" + obx("88").encode()
    assert fates(of_bytes(content + b"\r\x1c\r")) == fates(items(*WHOLE))


def test_a_byte_order_mark_is_passed_over_in_each_message() -> None:
    one = b"\xef\xbb\xbf" + "\r".join(WHOLE).encode() + b"\r"
    found = of_bytes(one + one)
    assert [item.where for item in found if item.kind == "MSH"] == ["MSH[1]", "MSH[2]"]
    assert not [item for item in found if item.reject]


def test_several_messages_of_a_file_are_numbered() -> None:
    assert [item.where for item in items(*WHOLE, *WHOLE) if item.kind == "OBX"] == ["MSH[1].OBX[1]", "MSH[2].OBX[1]"]


def test_the_same_patient_is_described_once_a_file() -> None:
    found = items(*WHOLE, *WHOLE, MSH, PID.replace("Erika", "Eva"), *WHOLE)
    assert [bool(item.patient) for item in found if item.kind == "PID"] == [True, False, True, True]


def test_a_batch_that_counts_its_messages_rightly_is_sound() -> None:
    batch = ["FHS|^~\\&|A", "BHS|^~\\&|A", *WHOLE, *WHOLE, "BTS|2", "FTS|1"]
    found = fates(items(*batch))
    assert [found[name] for name in ("FHS[1]", "BHS[1]", "BTS[1]", "FTS[1]")] == [
        f"{name}: frames a batch" for name in ("FHS", "BHS", "BTS", "FTS")
    ]


def test_a_batch_that_counts_wrongly_is_told_and_its_messages_are_read() -> None:
    found = fates(items("BHS|^~\\&|A", *WHOLE, "BTS|3"))
    assert found["BTS[1]"] == "wrong_count"
    assert found["MSH[1].OBX[1]"] == "1 facts"


def test_lines_that_are_no_segments_are_refused_and_the_rest_goes_on() -> None:
    found = fates(items(MSH, PID, "and then she said", "something else", OBR, "", obx("88"), "OBXtra"))
    assert found["MSH[1].line[3]"] == "no_segment"
    assert found["MSH[1].OBX[1]"] == "1 facts"
    assert found["MSH[1].line[7]"] == "no_segment"


def test_lines_before_the_first_message_are_refused_together() -> None:
    assert fates(items("// a comment", "// another", *WHOLE))["line 1"] == "no_segment"


def test_a_file_without_a_message_is_unreadable() -> None:
    with pytest.raises(UnreadableInput, match="no HL7 message"):
        items("PID|1||4")


@pytest.mark.parametrize("version", ["2.1", "2.3.1", "2.5.1", "2.8", "2.8.2"])
def test_versions_from_2_1_to_2_8_are_read(version: str) -> None:
    assert items(MSH.replace("2.5.1", version), PID)[1].patient


@pytest.mark.parametrize("version", ["2.9", "2.0", "3.0", "3", "1"])
def test_other_versions_are_refused_by_name(version: str) -> None:
    found = items(MSH.replace("2.5.1", version), PID, *WHOLE)
    assert found[0].reject is not None
    assert found[0].reject.reason == "unsupported_version"
    assert version in found[0].reject.detail
    assert fates(found)["MSH[2].OBX[1]"] == "1 facts"


def test_a_message_without_a_version_is_read_and_says_so() -> None:
    found = items(MSH.removesuffix("|2.5.1"), PID)
    assert "no version stated" in (found[0].not_used or "")


@pytest.mark.parametrize(
    "content", [b'<ORU_R01 xmlns="urn:hl7-org:v2xml"/>', b'<PRPA_IN201301UV02 xmlns="urn:hl7-org:v3">']
)
def test_v2_in_xml_and_v3_are_refused_by_name(content: bytes) -> None:
    assert IMPORTER.recognises(content, "a.xml")
    with pytest.raises(UnsupportedVersion):
        of_bytes(content)


def test_utf_16_is_refused_by_name() -> None:
    content = "\r".join(WHOLE).encode("utf-16")
    assert IMPORTER.recognises(content, "a.hl7")
    with pytest.raises(UnreadableInput, match="UTF-16"):
        of_bytes(content)


@pytest.mark.parametrize(("head", "name"), [(b"PID|1", "a.hl7"), (b"a,b\nMSH|^~\\&|x|", "a.csv"), (b"", "a.hl7")])
def test_other_files_are_not_taken_for_hl7(head: bytes, name: str) -> None:
    assert not IMPORTER.recognises(head, name)


# ------------------------------------------------------------------------------------------------ character sets


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("", "utf-8"), ("ASCII", "utf-8"), ("UNICODE UTF-8", "utf-8"), ("UTF-8~UNICODE", "utf-8"),
        ("GB 18030-2000", "gb18030"), ("GBK", "gbk"), ("BIG-5", "big5"),
    ],
)  # fmt: skip
def test_names_are_read_in_the_characters_that_msh_18_names(name: str, codec: str) -> None:
    lines = (f"{MSH}||||||{name}", PID.replace("Muster^Erika", "張^淑芬"))
    found = of_bytes("\r".join(lines).encode(codec))
    assert found[1].patient is not None
    assert found[1].patient.name == "張, 淑芬"


def test_8859_is_read_by_its_part() -> None:
    lines = (f"{MSH}||||||8859/15", PID.replace("Muster", "Müller €"))
    found = of_bytes("\r".join(lines).encode("iso8859-15"))
    assert found[1].patient is not None
    assert found[1].patient.name == "Müller €, Erika"


def test_bytes_that_are_not_utf_8_are_read_as_latin_1_where_nothing_is_said_and_the_header_tells() -> None:
    found = of_bytes("\r".join((MSH, PID.replace("Muster", "Müller"))).encode("latin-1"))
    assert "ISO 8859-1" in (found[0].not_used or "")
    assert found[1].patient is not None
    assert found[1].patient.name == "Müller, Erika"


@pytest.mark.parametrize("name", ["UNICODE UTF-8", "KLINGON", "UNICODE UTF-16", "ROT13"])
def test_a_message_that_is_not_in_the_characters_it_names_is_refused_and_the_next_is_read(name: str) -> None:
    bad = "\r".join((f"{MSH}||||||{name}", PID.replace("Muster", "Müller"))).encode("latin-1")
    found = of_bytes(bad + b"\r" + "\r".join(WHOLE).encode())
    assert fates(found)["MSH[1]"] == "wrong_encoding"
    assert fates(found)["MSH[2].OBX[1]"] == "1 facts"


def test_a_character_that_can_not_be_kept_is_refused_with_its_line() -> None:
    assert fates(items(MSH, PID, "NTE|1||a\0b", OBR, obx("88")))["MSH[1].line[3]"] == "invalid"


# ------------------------------------------------------------------------------------------------------- bounds


class Endless(io.RawIOBase):
    """A file of many messages that is made while it is read."""

    def __init__(self, piece: bytes, count: int) -> None:
        self.piece, self.left = piece, count

    def read(self, size: int = -1) -> bytes:
        count = min(self.left, max(1, size // len(self.piece)))
        self.left -= count
        return self.piece * count


def test_a_file_of_many_messages_takes_little_memory() -> None:
    piece = ("\r".join(WHOLE) + "\r").encode()

    def opened() -> BinaryIO:
        return Endless(piece, 3_000)  # type: ignore[return-value]

    content = Content(name="many.hl7", size=0, opener=opened)
    tracemalloc.start()
    count = sum(len(item.facts) for item in IMPORTER.read(content, CONTEXT))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 3_000
    assert most < 8 * 2**20


def test_a_message_with_too_many_segments_is_refused_and_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_SEGMENTS", 50)
    assert fates(items(MSH, *["NTE|1||x"] * 60, *WHOLE))["MSH[1]"] == "too_large"
    assert fates(items(MSH, *["NTE|1||x"] * 60, *WHOLE))["MSH[2].OBX[1]"] == "1 facts"


def test_a_line_longer_than_a_message_may_be_is_refused_and_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_MESSAGE_BYTES", 1_000_000)
    found = items(MSH, "NTE|1||" + "x" * 5_000_000, *WHOLE)
    assert fates(found)["MSH[1]"] == "too_large"
    assert fates(found)["MSH[2].OBX[1]"] == "1 facts"
    assert all(len(item.body) < 300_000 for item in found)
