"""Take one resource: create and update, also conditionally, each in one transaction.

A resource is kept as it came, under its own id, or where it has none under what names it (its identifier, code and
time, else its content): so the same POST again finds what it made. Nothing is overwritten: an update is a new version.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response

from twin.importers.base import Context, Item
from twin.importers.content import Content
from twin.importers.fhir import IMPORTER, parse
from twin.importers.report import QUARANTINED, Report
from twin.intake import Asked, TransactionRefused, in_transaction, take_in
from twin.settings import Settings
from twin.store import ledger, resources
from twin.store.resources import Version
from twin.store.session import Connection, Engine
from twin.web.api.fhir.answers import Answer, headers_of, outcome
from twin.web.api.fhir.conditions import bearers, check_match, identifiers_of, only_bearer, standing
from twin.web.api.fhir.dependencies import CanWrite
from twin.web.api.fhir.negotiation import BodyDep, Wish, WishDep, check_id, check_kind
from twin.web.caller import Actor
from twin.web.deps import EngineDep, Now, SettingsDep, record_access
from twin.web.errors import BadRequest, issue, operation_outcome
from twin.web.idempotency import RetriesDep, digest_of

_QUERY = frozenset({"_source", "source", "_format", "_pretty"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A body that holds one resource of the type of the address, and the items it reads to."""

    kind: str
    content: bytes
    resource: dict[str, Any]
    items: tuple[Item, ...]

    @property
    def main(self) -> Item:
        """The item of the resource itself; the others are parts of it that have a fate of their own."""
        return next(item for item in reversed(self.items) if item.kind in (self.kind, "unknown"))

    def named(self, key: str) -> "Sent":
        """The same under another key."""
        main = self.main
        return replace(self, items=tuple(replace(each, key=key) if each is main else each for each in self.items))


def create(
    actor: CanWrite, said: WishDep, content: BodyDep, retries: RetriesDep, request: Request, engine: EngineDep,
    settings: SettingsDep, now: Now, kind: str,
) -> Response:  # fmt: skip
    """Take a resource, unless one bears the identifier of `If-None-Exist`."""
    _check_query(request, _QUERY)
    sent = read_sent(kind, content, now)
    condition = request.headers.get("if-none-exist")
    identifiers = identifiers_of(condition) if condition is not None else ()

    def work(connection: Connection) -> Answer:
        found = only_bearer(bearers(connection, kind, identifiers)) if identifiers else None
        if found is not None:
            told = issue("informational", "a resource with this identifier is there", severity="information")
            record_access(connection, actor, "fhir.create", found.patient_id, _name(found), now=now)
            return _told(settings, actor, said, found, 200, [told], sent)
        return take_one(connection, settings, actor, said, sent, "fhir.create", now)

    return retries.once(digest_of(content), lambda: done(engine, actor, work, f"POST /fhir/{kind}", now))


def update(
    actor: CanWrite, said: WishDep, content: BodyDep, retries: RetriesDep, request: Request, engine: EngineDep,
    settings: SettingsDep, now: Now, kind: str, logical_id: str,
) -> Response:  # fmt: skip
    """Take a resource as the new version of the one of this id, or as its first."""
    _check_query(request, _QUERY)
    check_id(logical_id)
    sent = read_sent(kind, content, now)
    if sent.resource.get("id") != logical_id:
        raise BadRequest("the resource's id is not the one in the address")

    def work(connection: Connection) -> Answer:
        before = standing(connection, kind, logical_id, said.own_source)
        return _update(connection, request, settings, actor, said, sent, before, now)

    return retries.once(digest_of(content), lambda: done(engine, actor, work, f"PUT /fhir/{kind}", now))


def update_identified(
    actor: CanWrite, said: WishDep, content: BodyDep, retries: RetriesDep, request: Request, engine: EngineDep,
    settings: SettingsDep, now: Now, kind: str,
) -> Response:  # fmt: skip
    """Take a resource as the new version of the one of this source that bears the identifier, or as its first."""
    _check_query(request, _QUERY | {"identifier"})
    sent = read_sent(kind, content, now)
    asked = [value for name, value in request.query_params.multi_items() if name == "identifier"]
    identifiers = _identifiers(asked)

    def work(connection: Connection) -> Answer:
        found = [each for each in bearers(connection, kind, identifiers) if each.source == said.own_source]
        before = only_bearer(found)
        if before is not None and sent.resource.get("id") not in (None, before.logical_id):
            raise BadRequest("the resource's id is not that of the one which bears this identifier")
        return _update(connection, request, settings, actor, said, sent, before, now)

    return retries.once(digest_of(content), lambda: done(engine, actor, work, f"PUT /fhir/{kind}", now))


def read_sent(kind: str, content: bytes, now: datetime) -> Sent:
    """Return a body read.

    Raises:
        UnreadableInput, UnsupportedVersion: it is no resource of R4.
        BadRequest: it is not of this type.
    """
    check_kind(kind)
    resource = parse(content)
    if resource["resourceType"] != kind:
        raise BadRequest("the resource is not of the type in the address")
    items = tuple(IMPORTER.read(Content.of(content), Context(now=now)))
    return Sent(kind=kind, content=content, resource=resource, items=items)


def again(sent: Sent, before: Version, connection: Connection, now: datetime) -> Sent:
    """Return what a sender who saw the version that stands wants next: a new version, be it like an older one."""
    main = sent.main
    changed = replace(main, version_at=now)
    if main.fingerprint != before.fingerprint and resources.was_sent(
        connection, before.source, main.key, main.fingerprint
    ):
        changed = replace(changed, fingerprint=f"{main.fingerprint}@{now.isoformat()}")
    return replace(sent, items=tuple(changed if each is main else each for each in sent.items))


def done(engine: Engine, actor: Actor, work: Callable[[Connection], Answer], what: str, now: datetime) -> Response:
    """Return the answer of one write, or why it was refused; then nothing was written but the refusal's audit row."""
    try:
        return in_transaction(engine, work).response()
    except TransactionRefused as refused:
        with engine.begin() as connection:
            detail = {"faults": len(refused.report.faults), "read": refused.report.read}
            record_access(connection, actor, "import", None, what, "failed", detail, now=now)
        faults = [
            {"code": "processing", "text": reject.to_json()["reason"], "expression": reject.where}
            for reject in refused.report.faults
        ]
        return operation_outcome(422, faults)


def take_one(
    connection: Connection, settings: Settings, actor: Actor, said: Wish, sent: Sent, action: str, now: datetime
) -> Answer:
    """Take one resource and return the answer; raises TransactionRefused where it can't be taken."""
    source, key = said.own_source, ledger.bounded_key(sent.main.key)
    ledger.lock_tokens(connection, [f"{source}|{key}"])  # of many who send it at once, one is told that it is new
    before = resources.of_key(connection, source, key, sent.kind)
    asked = Asked(source=source, actor=actor.name, context=Context(now=now))
    importer = replace(IMPORTER, read=lambda content, context: iter(sent.items))
    report = take_in(connection, Content.of(sent.content), asked, atomic=True, importer=importer)
    after = resources.of_key(connection, source, key, sent.kind)
    patient_id = after.patient_id if after is not None else None
    name = _name(after) if after is not None else f"import/{report.import_id}"
    record_access(connection, actor, action, patient_id, name, now=now)
    issues = _issues(report, sent, after)
    is_refused = any(fate.outcome == "rejected" and fate.kind == sent.main.kind for fate in report.fates)
    if after is None or is_refused:
        return Answer(status=202, text=json.dumps(outcome(*issues), ensure_ascii=False))
    return _told(settings, actor, said, after, 201 if before is None else 200, issues, sent)


def _update(
    connection: Connection, request: Request, settings: Settings, actor: Actor, said: Wish, sent: Sent,
    before: Version | None, now: datetime,
) -> Answer:  # fmt: skip
    if_match = request.headers.get("if-match")
    check_match(if_match, request.headers.get("if-none-match"), before)
    if before is not None:
        sent = sent.named(before.key)
        if if_match is not None:
            sent = again(sent, before, connection, now)
    return take_one(connection, settings, actor, said, sent, "fhir.update", now)


def _told(
    settings: Settings, actor: Actor, said: Wish, version: Version, status: int,
    issues: list[dict[str, object]], sent: Sent,
) -> Answer:  # fmt: skip
    headers = headers_of(settings, version)
    headers["Location"] = headers.pop("Content-Location")
    if said.returns == "minimal":
        return Answer(status=status, headers=headers)
    may_see = "fhir.read" in actor.scopes or version.text.encode() in sent.content
    if said.returns == "representation" and may_see:
        return Answer(status=status, headers=headers, text=version.body)
    return Answer(status=status, headers=headers, text=json.dumps(outcome(*issues), ensure_ascii=False))


def _issues(report: Report, sent: Sent, after: Version | None) -> list[dict[str, object]]:
    words = {"imported": "taken", "duplicate": "already known", "superseded": "corrects what was known"}
    found = []
    for fate in report.fates:
        if fate.outcome == "rejected":
            is_kept = fate.reason.partition(":")[0] in QUARANTINED
            found.append(issue("processing", fate.reason, fate.where, "warning" if is_kept else "error"))
        elif fate.outcome == "not_used":
            found.append(issue("informational", f"kept, not used: {fate.reason}", fate.where, "information"))
        else:
            found.append(issue("informational", fate.reason or words[fate.outcome], fate.where, "information"))
    if after is not None and after.fingerprint.partition("@")[0] != sent.main.fingerprint.partition("@")[0]:
        told = "an earlier version than the one that stands: kept as history; to go back to it, send it with If-Match"
        found.append(issue("informational", told, severity="warning"))
    return found


def _identifiers(asked: list[str]) -> tuple[str, ...]:
    if len(asked) != 1:
        raise BadRequest("a conditional update names its resource by identifier=system|value, once")
    return identifiers_of(urlencode({"identifier": asked[0]}))


def _check_query(request: Request, known: frozenset[str]) -> None:
    if any(name not in known for name in request.query_params):
        raise BadRequest("a parameter that this request does not have")


def _name(version: Version) -> str:
    return f"{version.kind}/_history/{version.id}"
