"""Recalls through the API: listed by due date, decided about once, by those who may."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, insert, select

from alerts import steps
from alerts.trigger import Trigger
from tests.web_serving import Site, serving
from twin.settings import Settings
from twin.store import tables
from twin.store.alerts import PostgresAlerts
from twin.web.schemas import EXAMPLE_RECALL

PATIENT = "5f0c1b52-6d0e-4c2e-9a55-0b8f0b7f3c11"


@pytest.fixture
def site(engine: Engine, settings: Settings, now: datetime) -> Iterator[Site]:
    with serving(engine, settings, now) as running:
        yield running


def trigger(now: datetime, key: str, due_in_days: int) -> Trigger:
    due = now.date() + timedelta(days=due_in_days)
    return Trigger(
        patient_id=PATIENT,
        rule_id="forecast",
        key=key,
        reason={"en": "rising", "zh_CN": "上升"},
        evidence={"facts": [1]},
        examination={"en": "elastography", "zh_CN": "弹性成像"},
        closes_with=("elastography",),
        due_from=due,
        due_at=due,
        overdue_at=due + timedelta(days=30),
        priority="routine",
        source="test",
        edition="1",
        verification="verified",
        probability=0.4,
        raised_at=now,
        model_version="1",
    )


@pytest.fixture
def recall(site: Site, now: datetime) -> dict[str, Any]:
    """An open recall of one patient, as the API lists it."""
    with site.engine.begin() as connection:
        connection.execute(insert(tables.patient).values(id=PATIENT, name="Prüfung, Frieda", sex="female"))
    assert PostgresAlerts(site.engine).open_recall(trigger(now, "liver/fib4>2.67", 10), now)
    (line,) = site.person("clinician").get("/api/v1/recalls").json()["recalls"]
    return dict(line)


def act(client: httpx.Client, recall: dict[str, Any], action: str, **more: object) -> httpx.Response:
    body = {"action": action, "version": recall["version"], **more}
    return client.post(f"/api/v1/recalls/{recall['id']}/actions", json=body)


def state(site: Site, recall: dict[str, Any]) -> Any:
    with site.engine.connect() as connection:
        return connection.execute(select(tables.recall).where(tables.recall.c.id == recall["id"])).one()


def test_open_recalls_come_by_due_date_page_by_page_and_are_noted(
    site: Site, recall: dict[str, Any], now: datetime
) -> None:
    for n in range(6):
        assert PostgresAlerts(site.engine).open_recall(trigger(now, f"liver/x{n}", (n * 5) % 7), now)
    client, seen, after = site.program("coordinator", "recall.read"), [], None
    while True:
        page = client.get("/api/v1/recalls", params={"size": 3} | ({"after": after} if after else {})).json()
        seen += [(each["due_at"], each["id"]) for each in page["recalls"]]
        after = page["next"]
        if after is None:
            break
    assert len(seen) == 7 and seen == sorted(seen)
    rows = site.audit(action="recall.list")
    assert {row["patient_id"] for row in rows} == {PATIENT}


def test_a_clinician_approves_and_the_row_says_who(site: Site, recall: dict[str, Any]) -> None:
    answered = act(site.person("clinician"), recall, "approve")
    assert (answered.status_code, answered.json()["is_approved"]) == (200, True)
    assert state(site, recall).approved_by == "clinician"
    (row,) = site.audit(action="recall.approve")
    assert (row["patient_id"], row["actor"], row["outcome"]) == (PATIENT, "user:clinician", "success")


def test_what_a_person_decides_is_written_once(site: Site, recall: dict[str, Any]) -> None:
    client = site.person("coordinator")
    assert act(client, recall, "close", reason="done_elsewhere").json()["state"] == "closed"
    assert act(client, recall, "close", reason="done_elsewhere").status_code == 409
    reopened = act(client, {**recall, "version": recall["version"] + 1}, "reopen", reason="undo")
    assert reopened.json()["state"] == "open"


def test_a_recall_that_has_moved_on_is_not_touched(site: Site, recall: dict[str, Any], now: datetime) -> None:
    store = PostgresAlerts(site.engine)
    held = store.get(recall["id"])
    assert held is not None and store.apply(steps.assign(held, "anna", by="anna", now=now))
    assert act(site.person("clinician"), recall, "close", reason="declined").status_code == 409
    assert state(site, recall).state == "open"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"action": "snooze"}, 422),
        ({"action": "snooze", "until": "2026-11-22"}, 422),
        ({"action": "snooze", "until": "2099-01-01"}, 422),
        ({"action": "snooze", "until": "2026-12-24"}, 200),
        ({"action": "snooze", "until_new_data": True}, 200),
        ({"action": "close"}, 422),
        ({"action": "close", "reason": "no_idea"}, 422),
        ({"action": "close", "reason": "Frieda Prüfung"}, 422),
        ({"action": "close", "reason": "other"}, 422),
        ({"action": "close", "reason": "other", "note": "moved to another town"}, 200),
        ({"action": "stop", "reason": "died"}, 200),
        ({"action": "reopen", "reason": "undo"}, 409),
        ({"action": "reopen", "reason": "whim"}, 422),
        ({"action": "assign", "owner": "nobody"}, 422),
        ({"action": "assign", "owner": "coordinator"}, 200),
        ({"action": "assign"}, 200),
        ({"action": "explode"}, 422),
        ({"action": "approve", "version": 0}, 422),
        ({"action": "approve", "version": 2}, 409),
        ({"action": "approve", "note": "\x00"}, 422),
        ({"action": "approve", "surprise": 1}, 422),
    ],
)
def test_a_decision_has_what_it_needs_or_changes_nothing(
    site: Site, recall: dict[str, Any], body: dict[str, object], status: int
) -> None:
    site.user("coordinator")
    before = state(site, recall)
    answered = site.person("clinician").post(
        f"/api/v1/recalls/{recall['id']}/actions", json={"version": recall["version"], **body}
    )
    assert answered.status_code == status, answered.text
    assert (state(site, recall) == before) == (status != 200)
    assert "Frieda" not in answered.text


def test_a_coordinator_does_not_approve_and_a_reader_decides_nothing(site: Site, recall: dict[str, Any]) -> None:
    assert act(site.person("coordinator"), recall, "approve").status_code == 403
    assert act(site.person("reader"), recall, "assign").status_code == 403
    assert state(site, recall).version == recall["version"]


@pytest.mark.parametrize(("recall_id", "status"), [(EXAMPLE_RECALL, 404), ("1", 422), ("x" * 100, 422)])
def test_a_recall_that_is_not_there_is_told(site: Site, recall: dict[str, Any], recall_id: str, status: int) -> None:
    assert act(site.person("clinician"), {**recall, "id": recall_id}, "assign").status_code == status


def test_the_list_is_narrowed_by_what_was_asked(site: Site, recall: dict[str, Any], now: datetime) -> None:
    client = site.person("clinician")
    assert PostgresAlerts(site.engine).open_recall(trigger(now, "lung/nodule", 3), now)

    def organs(**asked: str) -> list[str]:
        lines = client.get("/api/v1/recalls", params=asked).json()["recalls"]
        return [each["key"].partition("/")[0] for each in lines]

    assert organs() == ["lung", "liver"]
    assert organs(organ="liver") == ["liver"]
    assert organs(standing="week") == ["lung"]
    assert organs(owner="anna") == []
    assert client.get("/api/v1/recalls", params={"organ": "heart"}).status_code == 422
    assert date.fromisoformat(recall["due_at"]) == now.date() + timedelta(days=10)
