"""Has a model drifted? Looked at once a day; administrators are told, once a month while it lasts."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime, timedelta
from math import isfinite
from typing import Any

from sqlalchemy import Connection, Engine

from alerts.message import Recipient, note
from twin.forecast.drift import Drift, Verdict, compare
from twin.models.local import judgeable, recent
from twin.store import models, staff
from twin.store.alerts import PostgresAlerts
from twin.store.models import Registered

EVERY = timedelta(hours=20)  # a worker that is started often does not look more often
WITHIN = timedelta(days=730)  # predictions that came due in the last two years: long enough for events (house value)
PATH = "/admin"
_TEXT = {
    "en": {
        "title": "A risk model no longer fits: {title}",
        "subject": "A risk model no longer fits its card",
        "inputs": "Inputs that moved: {names}.",
        "calibration": "Observed against expected: {ratios}.",
        "body": "Version {version}. Look at it before its numbers are relied on further: `twin model drift {version}`.",
        "ratio": "{ratio:.2f} within {horizon:g} years",
    },
    "zh_CN": {
        "title": "风险模型已不再符合：{title}",
        "subject": "有一个风险模型已不再符合其说明卡",
        "inputs": "已变化的输入：{names}。",
        "calibration": "实际与预期之比：{ratios}。",
        "body": "版本 {version}。继续采信其结果前请先查看：`twin model drift {version}`。",
        "ratio": "{horizon:g} 年内 {ratio:.2f}",
    },
}


def watch_once(engine: Engine, channels: Collection[str], *, now: datetime) -> dict[str, Verdict]:
    """Look at every model in use that was not looked at in the last 20 hours; return what was found, by version."""
    with engine.connect() as connection:
        latest = models.latest_drift(connection)
        due = [each for each in models.in_use(connection) if each.id not in latest or latest[each.id].at <= now - EVERY]
    found = {}
    for each in due:
        with engine.begin() as connection:
            found[each.version] = look(connection, each, channels, now=now).verdict
    return found


def look(connection: Connection, model: Registered, channels: Collection[str], *, now: datetime) -> Drift:
    """Compare one model with its card, write down what was found, and tell administrators where it has drifted."""
    lately = recent(connection, model, now=now)
    judged = judgeable(connection, model, within=WITHIN, now=now)
    drift = compare(model.card, lately.inputs, lately.predictions, judged.predictions, judged.outcomes)
    models.note_drift(connection, model.id, as_json(drift), now=now)
    if drift.verdict == "drifted":
        _tell(connection, model, drift, channels, now)
    return drift


def as_json(drift: Drift) -> dict[str, Any]:
    """Return what was found as JSON holds it, the verdict first."""
    return {"verdict": drift.verdict, **_plain(asdict(drift))}


def _tell(connection: Connection, model: Registered, drift: Drift, channels: Collection[str], now: datetime) -> None:
    admins = [each for each in staff.recipients(connection) if "admin" in each.roles]
    PostgresAlerts.within(connection).put(
        [
            note(
                f"drift/{model.version}/{now:%Y-%m}",
                person,
                channel,
                patient_id=None,
                content=_content(model, drift, person),
                now=now,
            )
            for person in admins
            for channel in channels
            if person.addresses.get(channel)
        ]
    )


def _content(model: Registered, drift: Drift, person: Recipient) -> dict[str, str]:
    """The words of one message; it is about a model and names no patient."""
    words = _TEXT[person.language] if person.language in _TEXT else _TEXT["en"]
    moved = [each.key for each in (*drift.inputs, *drift.risks) if each.verdict == "drifted"]
    ratios = [
        words["ratio"].format(ratio=each.observed_expected.value, horizon=each.horizon)
        for each in drift.calibration
        if each.verdict == "drifted" and each.observed_expected is not None
    ]
    parts = [words["inputs"].format(names=", ".join(moved))] if moved else []
    parts += [words["calibration"].format(ratios=", ".join(ratios))] if ratios else []
    return {
        "patient": "",
        "title": words["title"].format(title=model.card["title"]),
        "subject": words["subject"],
        "body": "\n\n".join([*parts, words["body"].format(version=model.version)]),
        "path": PATH,
    }


def _plain(value: Any) -> Any:  # Any: whatever asdict returns of nested dataclasses
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not isfinite(value) else value
