from pathlib import Path

import pytest

from alerts.errors import BadTransition
from alerts.lifecycle import ACTIONS, MEANING, QUIETENING, START, STATES, TRANSITIONS, after, page

PAGE = Path(__file__).parents[3] / "docs" / "recall-states.md"


def test_the_page_in_the_docs_is_what_the_table_generates():
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_action_has_a_meaning_and_a_place_in_the_table():
    assert set(MEANING) == set(ACTIONS) == {action for _, action in TRANSITIONS}


def test_every_state_can_be_reached_and_left():
    assert {*TRANSITIONS.values()} == set(STATES)
    assert {state for state, _ in TRANSITIONS} == {START, *STATES}


@pytest.mark.parametrize("action", sorted(set(ACTIONS) - {"reopened"}))
@pytest.mark.parametrize("state", ["closed", "stopped"])
def test_an_ended_recall_can_only_be_reopened(state, action):
    with pytest.raises(BadTransition, match=f"a recall that is {state} cannot be {action}"):
        after(state, action)


def test_an_open_recall_is_opened_or_reopened_no_more():
    for action in ("opened", "reopened"):
        with pytest.raises(BadTransition):
            after("open", action)


def test_whatever_ends_a_recall_or_puts_it_to_sleep_silences_it():
    ending = {action for (state, action), reached in TRANSITIONS.items() if state == "open" and reached != "open"}
    assert ending | {"snoozed"} == QUIETENING
