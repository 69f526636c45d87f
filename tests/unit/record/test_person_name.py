"""A name is the same name however it is written, and another name is another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.record.person_name import compare, jaro_winkler, name_key, parse

SAME = (
    ("Prüfung, Frieda", "PRUFUNG^FRIEDA"),
    ("Prüfung, Frieda", "Frieda Prüfung"),
    ("O'Brien, Mary", "OBRIEN, MARY"),
    ("O’Brien, Mary", "O'Brien Mary"),
    ("Smith-Jones, Ann", "Smith Jones^Ann"),
    ("Straße, Eva", "STRASSE, EVA"),
    ("Sørensen, Bjørn", "Sorensen, Bjorn"),
    ("Doe, John A.", "Doe, John"),
    ("Doe, Dr. John", "Doe^John^^^Dr"),
    ("Anna-Maria Weiss", "Weiss, Annamaria"),
    ("欧阳娜", "欧阳^娜"),
    ("Wang^Li=王丽", "王 丽"),
    ("van der Berg, Jan", "Jan van der Berg"),
)
ANOTHER = (
    ("Doe, John", "Doe, Jane", ("same", "different")),
    ("Doe, John", "Roe, John", ("different", "same")),
    ("Doe, John", "Doe, Jon", ("same", "close")),
    ("Doe, J.", "Doe, John", ("same", "initial")),
    ("Doe, J.", "Doe, Peter", ("same", "different")),
    ("Doe, John", "John, Doe", ("swapped", "swapped")),
    ("Smith, Ann", "Smith-Jones, Ann", ("close", "same")),
    ("Doe, Maria Anna", "Doe, Anna", ("same", "close")),
    ("Doe, John Peter", "Doe, John Paul Max", ("same", "same")),
    ("Doe, John Peter", "Doe, John Max", ("same", "close")),
    ("Doe Jr, John", "Doe Sr, John", ("same", "different")),
    ("Wang, Li", "Wang, Lin", ("same", "different")),
    ("王丽", "王莉", ("same", "different")),
    ("王丽", "李丽", ("different", "different")),
    ("王丽", "Wang, Li", ("not_comparable", "not_comparable")),
    ("Doe", "Doe, John", ("same", "missing")),
    ("", "Doe, John", ("missing", "missing")),
)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spelling_and_order_are_not_identity(one: str, other: str) -> None:
    assert compare(parse(one), parse(other)) == ("same", "same")
    assert compare(parse(other), parse(one)) == ("same", "same")


@pytest.mark.parametrize(("one", "other", "levels"), ANOTHER)
def test_other_names_are_told_how_they_differ(one: str, other: str, levels: tuple[str, str]) -> None:
    assert compare(parse(one), parse(other)) == levels
    assert compare(parse(other), parse(one)) == levels


def test_the_key_of_a_name_leaves_spelling_order_and_initials_out() -> None:
    assert name_key("Prüfung, Frieda M.") == name_key("FRIEDA PRUFUNG") == "frieda prufung"
    assert name_key("王 丽 (Wang Li)") == "王丽"
    assert name_key(" ^^ ") == ""


@pytest.mark.parametrize(
    ("one", "other", "expected"),  # the customary examples of the comparator
    [("martha", "marhta", 0.961), ("dwayne", "duane", 0.84), ("dixon", "dicksonx", 0.813), ("abc", "xyz", 0.0)],
)
def test_jaro_winkler_gives_the_published_values(one: str, other: str, expected: float) -> None:
    assert jaro_winkler(one, other) == pytest.approx(expected, abs=0.0006)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_two_texts_can_be_compared_in_either_order(one: str, other: str) -> None:
    assert compare(parse(one), parse(other)) == compare(parse(other), parse(one))
    assert name_key(one) == name_key(one.strip())
