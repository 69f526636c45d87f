"""What is answered to a message, by the standard's original and enhanced mode; python-hl7 reads it."""

from datetime import UTC, datetime

import hl7
import pytest

from tests.unit.importers.hl7v2_messages import PID
from twin.importers.hl7v2.ack import Fault, acknowledge

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def sent(version: str = "2.5.1", modes: str = "", marks: str = "|^~\\&") -> bytes:
    fields = ["MSH" + marks, "LIS", "LAB^1.2^ISO", "TWIN", "CLINIC", "20200102", "", "ORU^R01^ORU_R01", "M1", "P"]
    fields += [version, "", "", *modes.split(",")] if modes else [version]
    return ("|".join(fields) + "\r" + PID + "\r").encode()


def answered(message: bytes, accepted: bool = True, faults: tuple[Fault, ...] = (), **more: bool) -> hl7.Message:
    return hl7.parse(acknowledge(message, accepted, list(faults), NOW, "A77", **more).decode())


def test_an_answer_goes_back_to_the_sender_and_names_its_message() -> None:
    said = answered(sent())
    header = said.segment("MSH")
    assert [str(header(number)) for number in (3, 4, 5, 6)] == ["TWIN", "CLINIC", "LIS", "LAB^1.2^ISO"]
    assert [str(header(number)) for number in (7, 9, 10, 11, 12)] == [
        "20261122093000+0000", "ACK^R01^ACK", "A77", "P", "2.5.1",
    ]  # fmt: skip
    assert str(said.segment("MSA")) == "MSA|AA|M1"


@pytest.mark.parametrize(("version", "kind"), [("2.2", "ACK"), ("2.3", "ACK^R01"), ("2.4", "ACK^R01^ACK")])
def test_the_type_of_an_answer_is_that_of_its_version(version: str, kind: str) -> None:
    assert str(answered(sent(version)).segment("MSH")(9)) == kind


@pytest.mark.parametrize(
    ("accepted", "code", "said"),
    [(True, "invalid", "AA"), (False, "invalid", "AE"), (False, "unsupported_version", "AR"), (False, "200", "AR")],
)
def test_the_original_mode_says_taken_in_error_or_rejected(accepted: bool, code: str, said: str) -> None:
    assert str(answered(sent(), accepted, (("MSH[1]", code, ""),)).segment("MSA")(1)) == said


def test_an_instance_that_is_broken_rejects_so_that_the_message_comes_again() -> None:
    said = answered(sent(), False, broken=True)
    assert str(said.segment("MSA")(1)) == "AR"
    assert str(said.segment("ERR")(3)) == "207^Application internal error^HL70357"


@pytest.mark.parametrize(
    ("modes", "accepted", "code"),
    [
        ("AL,NE", True, "CA"), ("AL,NE", False, "CE"), ("AL,AL", True, "CA"), ("ER,NE", False, "CE"),
        ("SU,NE", True, "CA"), ("NE,AL", True, "AA"), ("NE,AL", False, "AE"), ("ER,AL", True, "AA"),
        ("NE,SU", True, "AA"), (",AL", True, "AA"),
    ],
)  # fmt: skip
def test_the_enhanced_mode_says_what_is_asked_for(modes: str, accepted: bool, code: str) -> None:
    assert str(answered(sent(modes=modes), accepted).segment("MSA")(1)) == code


def test_the_enhanced_mode_rejects_with_cr() -> None:
    assert str(answered(sent(modes="AL,NE"), False, (("MSH[1]", "203", ""),)).segment("MSA")(1)) == "CR"


@pytest.mark.parametrize(("modes", "accepted"), [("NE,NE", True), ("ER,NE", True), ("SU,NE", False), ("ER,ER", True)])
def test_nothing_is_answered_where_nothing_is_asked_for(modes: str, accepted: bool) -> None:
    assert acknowledge(sent(modes=modes), accepted, [], NOW, "A77") == b""


def test_from_2_5_on_each_fault_is_an_err_with_its_place() -> None:
    faults = (
        ("MSH[1].OBX[2]", "no_date_or_code", "no time | in OBX-14"),
        ("MSH[1].PID[1].PID-7", "invalid", ""),
    )
    errors = answered(sent(), False, faults).segments("ERR")
    assert str(errors[0]) == "ERR||OBX^2|101^Required field missing^HL70357|E||||no time \\F\\ in OBX-14"
    assert str(errors[1]) == "ERR||PID^1^7|102^Data type error^HL70357|E"


def test_what_was_refused_of_a_message_that_was_taken_is_a_warning() -> None:
    assert str(answered(sent(), True, (("MSH[1].OBX[2]", "invalid", ""),)).segment("ERR")(4)) == "W"


def test_before_2_5_the_first_fault_stands_in_msa() -> None:
    said = answered(sent("2.3"), False, (("MSH[1].OBX[2]", "invalid", "OBX-14 is no time"),))
    assert str(said.segment("MSA")) == "MSA|AE|M1|MSH[1].OBX[2]: OBX-14 is no time"
    assert len(said) == 2


def test_the_answer_has_the_senders_delimiters() -> None:
    message = b"MSH^~|\\&^A^B^C^D^2020^^ADT~A24^1^T^2.4\r"
    said = acknowledge(message, False, [("MSH[1].PID[1]", "invalid", "a^b")], NOW, "A77").decode().split("\r")
    assert said[0] == "MSH^~|\\&^C^D^A^B^20261122093000+0000^^ACK~A24~ACK^A77^T^2.4"
    assert said[1].startswith("MSA^AE^1^MSH[1].PID[1]: a\\F\\b")


def test_what_is_echoed_keeps_its_bytes() -> None:
    message = sent().replace(b"LIS", "检验".encode("gb18030"))
    assert "检验".encode("gb18030") in acknowledge(message, True, [], NOW, "A77")


@pytest.mark.parametrize("message", [b"", b"PID|1", b"MSH", b"MSHA", b"\xff\xfe", b"MSH|^^^|"])
def test_what_is_no_message_is_rejected_in_the_usual_delimiters(message: bytes) -> None:
    said = acknowledge(message, False, [("", "invalid", "no MSH")], NOW, "A77")
    assert said.startswith(b"MSH|^~\\&|||||20261122093000+0000||ACK")
    assert b"\rMSA|AR|" in said


def test_no_line_of_a_senders_making_gets_into_an_answer() -> None:
    message = sent().replace(b"M1", b"M1\nMSA|AE|X")
    assert acknowledge(message, True, [], NOW, "A77").count(b"MSA") == 1
