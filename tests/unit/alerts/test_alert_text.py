from dataclasses import replace
from string import Formatter

import pytest

from alerts.text import TEXT, letter, notice
from alerts.trigger import LANGUAGES, PRIORITIES
from tests.unit.alerts.alert_cast import MILLER, NOON, ZHAO, a_message

FIELDS = {key: {name for _, name, _, _ in Formatter().parse(text) if name} for key, text in TEXT["en"].items()}


def test_every_language_has_every_text_with_the_same_fields():
    assert set(TEXT) == set(LANGUAGES)
    for words in TEXT.values():
        assert {
            key: {name for _, name, _, _ in Formatter().parse(text) if name} for key, text in words.items()
        } == FIELDS
        assert set(PRIORITIES) <= set(words)


@pytest.mark.parametrize(
    ("recipient", "title"), [(MILLER, "Recall overdue: P-17"), (ZHAO, "召回逾期：P-17")], ids=["en", "zh_CN"]
)
def test_a_letter_names_the_patient_by_the_label_and_the_kind_of_reminder(recipient, title):
    assert letter(a_message(recipient=recipient, kind="overdue")).title == title


def test_a_letter_in_an_unknown_language_is_english():
    words = letter(a_message(recipient=replace(MILLER, language="fr")))
    assert words.title == "Recall due: P-17"
    assert words.body.splitlines() == [
        "FIB-4 will pass 2.67 in September.",
        "",
        "Examination: Liver elastography",
        "Due: 2026-05-31",
        "Priority: routine",
    ]


def test_braces_in_a_reason_are_left_alone():
    message = a_message(content={**a_message().content, "reason": "{due_at} {0}"})
    assert letter(message).body.startswith("{due_at} {0}")


@pytest.mark.parametrize(
    ("kind", "word"), [("uncertain", "may not have arrived"), ("failed", "could not be delivered")]
)
def test_a_notice_says_what_happened_to_which_reminder_and_repeats_it(kind, word):
    message = a_message()
    found = notice(message, kind, NOON)
    assert word in found.body
    assert "email to miller@clinic.example" in found.body
    assert letter(message).body in found.body
    assert (found.id, found.recipient, found.kind) == (message.id, "miller", kind)
