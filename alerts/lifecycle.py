"""Which states has a recall, and what may be done to it in each?

Only three states are stored. Upcoming, due and overdue follow from dates, snoozed from `snoozed_until`; storing them
would let them go stale. `docs/recall-states.md` is generated from this file (`python -m alerts.lifecycle`).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

from alerts.errors import BadTransition

State = Literal["open", "closed", "stopped"]
Action = Literal[
    "opened",
    "updated",
    "approved",
    "snoozed",
    "unsnoozed",
    "assigned",
    "reminded",
    "closed_by_result",
    "closed_by_person",
    "reopened",
    "stopped",
    "withdrawn",
    "merged",
    "unmerged",
]
STATES: tuple[State, ...] = get_args(State)
ACTIONS: tuple[Action, ...] = get_args(Action)

MEANING: Mapping[Action, str] = MappingProxyType(
    {
        "opened": "a rule or model raised it",
        "updated": "re-judged on new data, a new model or a more pressing rule; dates may move",
        "approved": "a clinician agreed that reminders go out",
        "snoozed": "a person put it off until a date, or until new data come",
        "unsnoozed": "a person, or new data, ended the snooze",
        "assigned": "a person took it or was given it",
        "reminded": "a reminder was put into the outbox",
        "closed_by_result": "the matching result arrived",
        "closed_by_person": "a person decided, with a reason",
        "reopened": "the result was inadequate, or a person undid the closing, the stop or a merge",
        "stopped": "death, pregnancy, or the patient left the rule's population",
        "withdrawn": "the evidence it was opened on was corrected, or is another patient's since a merge was undone",
        "merged": "another record was merged into the patient's; how the recall stood is kept beside it",
        "unmerged": "the merge was undone: it stands as before, but for what a person did meanwhile",
    }
)

START = "[*]"  # before the first event; Mermaid's own sign for it

TRANSITIONS: Mapping[tuple[str, Action], State] = MappingProxyType(
    {
        (START, "opened"): "open",
        ("open", "updated"): "open",
        ("open", "approved"): "open",
        ("open", "snoozed"): "open",
        ("open", "unsnoozed"): "open",
        ("open", "assigned"): "open",
        ("open", "reminded"): "open",
        ("open", "closed_by_result"): "closed",
        ("open", "closed_by_person"): "closed",
        ("open", "stopped"): "stopped",
        ("open", "withdrawn"): "stopped",
        ("open", "merged"): "open",
        ("open", "unmerged"): "open",
        ("closed", "reopened"): "open",
        ("stopped", "reopened"): "open",
    }
)

# A reminder still in the outbox is stopped in the transaction of these: it must not arrive after them.
QUIETENING: frozenset[Action] = frozenset({"snoozed", "closed_by_result", "closed_by_person", "stopped", "withdrawn"})


def after(state: str, action: Action) -> State:
    """Return the state that an action leads to.

    Raises:
        BadTransition: the table has no such step.
    """
    try:
        return TRANSITIONS[(state, action)]
    except KeyError:
        raise BadTransition(f"a recall that is {state} cannot be {action}") from None


def page() -> str:
    """Return `docs/recall-states.md`: the states as a Mermaid diagram, and each action's meaning as a table."""
    steps = [f"    {state} --> {reached}: {action}" for (state, action), reached in TRANSITIONS.items()]
    rows = [f"| {action} | {_from(action)} | {_to(action)} | {MEANING[action]} |" for action in ACTIONS]
    return "\n".join([*_HEAD, "```mermaid", "stateDiagram-v2", *steps, "```", "", *_TABLE, *rows, ""])


def _from(action: Action) -> str:
    return ", ".join("nothing" if state == START else state for state, act in TRANSITIONS if act == action)


def _to(action: Action) -> str:
    return ", ".join(sorted({reached for (_, act), reached in TRANSITIONS.items() if act == action}))


_HEAD = (
    "# States of a recall",
    "",
    "Generated from `alerts/lifecycle.py` by `python -m alerts.lifecycle > docs/recall-states.md`; a test compares",
    "the two.",
    "",
    "Only `open`, `closed` and `stopped` are stored. Upcoming, due and overdue follow from the dates, snoozed from",
    "`snoozed_until`.",
    "",
)
_TABLE = ("| action | from | to | meaning |", "|---|---|---|---|")

if __name__ == "__main__":  # pragma: no cover - `page` itself is tested; this only prints it
    import sys

    sys.stdout.write(page())
