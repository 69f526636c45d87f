"""Why should this patient come now? One block for each open recall, made from the recall and the stored snapshot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from twin.store.dossier import History
from twin.web.dashboard.panels import crossing_of
from twin.web.dashboard.shown import Body

LAST = 4  # values of a signal that stand as evidence beside its forecast


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One number behind a recall: what, which value, when, and the fact it came from."""

    key: str
    value: Any  # a number, or the code of a coded input, as the snapshot has it
    unit: str
    at: str | None
    fact_id: int | None
    assumed: bool


@dataclass(frozen=True, kw_only=True)
class WhyNow:
    """An open recall on the patient page. `low` and `high` bound `probability` where the forecast still asks for it."""

    history: History
    standing: str
    probability: float | None
    low: float | None
    high: float | None
    crossing: Body | None
    evidence: Sequence[Evidence]


def why_now(histories: Sequence[History], organs: Sequence[Body], today: date) -> list[WhyNow]:
    """Return the open recalls, those asleep last."""
    blocks = [_block(history, organs, today) for history in histories if history.is_live]
    return sorted(blocks, key=lambda block: block.standing == "snoozed")


def standing_of(row: Any, today: date) -> str:  # a row of the table `recall`
    """Return where a recall stands today, by its state and dates."""
    if row.state != "open":
        return str(row.state)
    if row.snoozed_until is not None and row.snoozed_until > today:
        return "snoozed"
    if row.overdue_at <= today:
        return "overdue"
    return "due" if row.due_from <= today else "upcoming"


def _block(history: History, organs: Sequence[Body], today: date) -> WhyNow:
    found = crossing_of(organs, history.row.key)
    crossing, about = found if found else (None, {})
    year: Mapping[str, Any] = next((p for p in crossing["probabilities"] if p["months"] == 12), {}) if crossing else {}
    probability = year.get("p", history.row.probability)
    is_past = crossing is not None and crossing["already_past"]
    return WhyNow(
        history=history, standing=standing_of(history.row, today), probability=None if is_past else probability,
        low=year.get("low"), high=year.get("high"), crossing=crossing, evidence=_evidence(about, crossing),
    )  # fmt: skip


def _evidence(about: Body, crossing: Body | None) -> list[Evidence]:
    if crossing is not None and "inputs" in about:
        return [
            Evidence(key=i["key"], value=i["value"], unit=i["unit"] or "", at=i["observed_at"], fact_id=i["fact_id"],
                     assumed=i["assumed"])
            for i in crossing.get("rests_on", about["inputs"])
        ]  # fmt: skip
    used = [point for point in about.get("points", ()) if point["used"]]
    newest = sorted(used, key=lambda point: str(point["observed_at"]), reverse=True)[:LAST]
    return [
        Evidence(key=about["key"], value=point["value"], unit=about["unit"] or "", at=point["observed_at"],
                 fact_id=point["fact_id"], assumed=False)
        for point in newest
    ]  # fmt: skip
