"""HL7 v2 fields, components and escapes, beside python-hl7."""

import hl7
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.importers.hl7v2.grammar import Delimiters, NotHL7, Segment, components, part, subcomponents, unescape

MARKS = Delimiters.of("MSH|^~\\&|")


@pytest.mark.parametrize(
    ("header", "stated"),
    [
        ("MSH|^~\\&|A", ("|", "^", "~", "\\", "&", "")),
        ("MSH|^~\\&#|A", ("|", "^", "~", "\\", "&", "#")),
        ("MSH|^~\\\\&|A", ("|", "^", "~", "\\", "&", "")),
        ("MSH^~|\\&^A", ("^", "~", "|", "\\", "&", "")),
        ("MSH|^~\\}|A", ("|", "^", "~", "\\", "}", "")),
        ("MSH|^|A", ("|", "^", "", "", "", "")),
    ],
)
def test_delimiters_are_those_of_the_header(header: str, stated: tuple[str, ...]) -> None:
    marks = Delimiters.of(header)
    assert stated == (
        marks.separator, marks.component, marks.repetition, marks.escape, marks.subcomponent, marks.truncation
    )  # fmt: skip


@pytest.mark.parametrize("header", ["MSH", "MSHA^~\\&A", "MSH |", "MSH||A", "MSH|^^\\&|", "MSH|^~a&|", "MSH|^~\\&+-|"])
def test_a_header_without_sound_delimiters_is_no_hl7(header: str) -> None:
    with pytest.raises(NotHL7):
        Delimiters.of(header)


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f", "a|b^c&d~e\\f"),
        ("one\\.br\\two", "one\ntwo"),
        ("one\\.sp2\\two", "one\n\ntwo"),
        ("one\\.sk3\\two", "one   two"),
        ("\\.in+4\\\\.fi\\text", "text"),
        ("a \\H\\bold\\N\\ word", "a bold word"),
        ("\\X4D4E\\", "MN"),
        ("\\XE4BDA0\\", "\u4f60"),
        ("a\\X0D\\b", "a\nb"),
        ("\\X0D0A\\", "\n"),
        ("\\Z01\\ \\C2842\\ \\M24424242\\", "\\Z01\\ \\C2842\\ \\M24424242\\"),
        ("\\XZZ\\ and \\X00\\", "\\XZZ\\ and \\X00\\"),
        ("C:\\temp", "C:\\temp"),
        ("a\\F\\b\\", "a|b\\"),
        ("\\\\", "\\\\"),
        ("\\P\\", "\\P\\"),
    ],
)
def test_escapes_are_read_and_what_is_none_stays(raw: str, read: str) -> None:
    assert unescape(raw, MARKS) == read


def test_the_truncation_character_has_an_escape_where_it_is_stated() -> None:
    assert unescape("\\P\\", Delimiters.of("MSH|^~\\&#|")) == "#"


def test_fields_are_counted_as_the_standard_counts_them() -> None:
    header = Segment.of("MSH|^~\\&|LIS|LAB", MARKS)
    assert [header.raw(number) for number in (1, 2, 3, 4, 5)] == ["|", "^~\\&", "LIS", "LAB", ""]
    pid = Segment.of("PID|1||a^b&c^d~e", MARKS)
    assert pid.repetitions(3) == ["a^b&c^d", "e"]
    assert pid.components(3) == ["a", "b", "d"]
    assert (pid.text(3), pid.text(3, 2), pid.text(3, 9), pid.text(9)) == ("a", "b", "", "")
    assert subcomponents("a^b&c^d", 2, MARKS) == ["b", "c"]
    assert components("a^b & c^d", MARKS, whole=True) == ["a", "b & c", "d"]


def test_an_explicit_null_is_not_the_same_as_nothing() -> None:
    pid = Segment.of('PID|1|""||x^""', MARKS)
    assert pid.raw(2) == '""'
    assert not pid.is_stated(2)
    assert pid.text(2) == ""
    assert part(pid.components(4), 2) == ""


WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="|^~\\&\r\n", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")),
    max_size=6,
)


@given(
    fields=st.lists(
        st.lists(st.lists(st.lists(WORDS, min_size=1, max_size=3), min_size=1, max_size=3), min_size=1, max_size=3),
        min_size=1,
        max_size=4,
    )
)
def test_python_hl7_reads_the_same_components(fields: list[list[list[list[str]]]]) -> None:
    line = "ZZZ|" + "|".join("~".join("^".join("&".join(part) for part in rep) for rep in field) for field in fields)
    ours = Segment.of(line, MARKS)
    theirs = hl7.parse(f"MSH|^~\\&|\r{line}\r")[1]
    for number in range(1, len(fields) + 1):
        assert ours.raw(number) == str(theirs(number))
        for index, repetition in enumerate(ours.repetitions(number) if ours.raw(number) else []):
            del index
            for place in range(1, len(repetition.split("^")) + 1):
                assert "&".join(subcomponents(repetition, place, MARKS)) == repetition.split("^")[place - 1]


@given(text=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=30))
def test_what_python_hl7_escapes_is_read_back(text: str) -> None:
    message = hl7.parse("MSH|^~\\&|\r")
    ascii_only = "".join(each for each in text if each.isascii())
    assert unescape(message.escape(ascii_only), MARKS) == ascii_only


@given(text=st.text(max_size=60))
def test_any_text_is_unescaped_without_error(text: str) -> None:
    assert isinstance(unescape(text, MARKS), str)
