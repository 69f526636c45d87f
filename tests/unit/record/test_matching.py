"""Who is graded as one person: what must be found, and the traps that must not be."""

from datetime import date

import pytest

from twin.record.matching import Demographics, Match, grade_of, match, near_dates
from twin.record.timeline import Identifier, Sex

BORN = date(1960, 5, 4)


def person(
    name: str = "Prüfung, Frieda", sex: Sex = "female", born: date | None = BORN, *identifiers: Identifier
) -> Demographics:
    return Demographics(name=name, sex=sex, birth_date=born, identifiers=identifiers)


def level(found: Match, field: str) -> str:
    return next(part.level for part in found.evidence if part.field == field)


CASES = (
    ("certain", person()),
    ("certain", person("PRUFUNG^FRIEDA")),
    ("certain", person("Frieda Prüfung")),
    ("certain", person(sex="unknown")),
    ("probable", person("Prüfung, F.")),
    ("probable", person("Prüfung, Freida")),
    ("probable", person("Pruefung, Frieda")),
    ("probable", person("Frieda, Prüfung")),
    ("probable", person(sex="male")),
    ("probable", person(born=date(1960, 4, 5))),
    ("probable", person(born=date(1960, 5, 14))),
    ("possible", person(born=date(1960, 1, 1))),
    ("possible", person(born=None)),
    ("possible", person("Schmidt, Frieda")),
    ("possible", person("王丽")),
    ("certainly-not", person(born=date(1931, 2, 9))),
    ("certainly-not", person("Prüfung, F.", born=None)),
    ("certainly-not", person("Meier, Anna")),
    ("certainly-not", person("Meier, Anna", "male", date(1980, 1, 2))),
)


@pytest.mark.parametrize(("grade", "other"), CASES, ids=str)
def test_a_pair_is_graded_the_same_in_either_order(grade: str, other: Demographics) -> None:
    assert match(person(), other).grade == grade
    assert match(other, person()) == match(person(), other)


def test_twins_of_one_sex_are_possible_at_most_and_of_two_sexes_not() -> None:
    sister, brother = match(person(), person("Prüfung, Anna")), match(person(), person("Prüfung, Otto", "male"))
    assert (sister.grade, level(sister, "twins")) == ("possible", "possible")
    assert brother.grade == "certainly-not"


def test_twins_with_names_that_sound_alike_are_never_certain() -> None:
    assert match(person("Li, Maria"), person("Li, Marie")).grade == "probable"


def test_father_and_son_of_one_name_are_two_people() -> None:
    son, father = person("Doe, John", "male"), person("Doe, John", "male", date(1931, 2, 9))
    assert match(son, father).grade == "certainly-not"
    assert match(person("Doe Jr, John", "male"), person("Doe Sr, John", "male")).grade == "possible"


def test_a_shared_identifier_outweighs_everything_else() -> None:
    number = Identifier(system="urn:id-card", value="110101196005041234", kind="NI")
    other = person("Meier, Anna", "female", date(1960, 5, 4), number)
    assert match(person("Prüfung, Frieda", "female", BORN, number), other).grade == "certain"


def test_two_personal_numbers_of_one_issuer_speak_against_one_person() -> None:
    one = Identifier(system="urn:id-card", value="1", kind="NNCHN")
    other = Identifier(system="urn:id-card", value="2", kind="NNCHN")
    with_numbers = match(
        person("Prüfung, Frieda", "female", BORN, one), person("Prüfung, Frieda", "female", BORN, other)
    )
    assert level(with_numbers, "identifier") == "different"
    assert with_numbers.score < match(person(), person()).score


def test_two_record_numbers_of_one_hospital_say_nothing() -> None:
    one, other = (Identifier(system="urn:mrn", value=value, kind="MR") for value in "12")
    found = match(person("A, B", "female", BORN, one), person("A, B", "female", BORN, other))
    assert "identifier" not in {part.field for part in found.evidence}


def test_the_same_number_from_another_issuer_is_told_as_that() -> None:
    one, other = (Identifier(system=system, value="77", kind="MR") for system in ("urn:a", "urn:b"))
    found = match(person("A, B", "female", BORN, one), person("A, B", "female", BORN, other))
    assert level(found, "identifier") == "same_number"


def test_near_dates_are_those_of_one_slip_of_the_hand() -> None:
    near = near_dates(BORN)
    assert {date(1960, 4, 5), date(1960, 5, 14), date(1969, 5, 4), date(1960, 6, 4)} <= near
    assert BORN not in near and date(1961, 6, 4) not in near


def test_the_score_grows_with_the_grade() -> None:
    grades = ("certainly-not", "possible", "probable", "certain")
    scores = [min(match(person(), other).score for grade, other in CASES if grade == wanted) for wanted in grades]
    assert scores == sorted(scores) and [grade_of(score) for score in scores] == list(grades)
