"""Take a transaction or batch bundle, and answer entry by entry, in the request's order.

A transaction is written whole or not at all; a batch entry by entry. A value that is not believed (implausible, a unit
that does not belong) is kept in quarantine and told as a warning: such a value does not undo the transaction it came
in, a fault of the message does. Entries that read are answered last, from what stands then.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from fastapi import Response

from twin.importers.base import Context
from twin.importers.content import Content
from twin.importers.fhir import parse
from twin.importers.report import QUARANTINED, Fate, Report
from twin.intake import Asked, take_in
from twin.settings import Settings
from twin.store import ledger, resources
from twin.store.resources import TooCostly, Version
from twin.store.session import Connection
from twin.web.api.fhir.answers import Answer, etag, instant, outcome, refusal, url_of
from twin.web.api.fhir.dependencies import CanWrite
from twin.web.api.fhir.negotiation import BodyDep, Wish, WishDep
from twin.web.api.fhir.plans import Plan, importer_of, index_of, plans_of, read_entries
from twin.web.api.fhir.reading import answer_read, check_params
from twin.web.api.fhir.searching import answer_search
from twin.web.api.fhir.writing import done
from twin.web.caller import Actor
from twin.web.deps import EngineDep, Now, SettingsDep, record_access
from twin.web.errors import ANSWERS, BadRequest, Forbidden, NotFound, WebError, issue, issue_type
from twin.web.idempotency import RetriesDep, digest_of

RECEIVED_TYPES = ("transaction", "batch")
_REASONS = {200: "OK", 201: "Created", 202: "Accepted", 304: "Not Modified", 422: "Unprocessable Entity"}


class NotDone(Exception):
    """An entry of a transaction can't be done: nothing is."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True, kw_only=True, slots=True)
class _Bundle:
    """A bundle that was sent, and everything its answer needs."""

    settings: Settings
    actor: Actor
    said: Wish
    now: datetime
    content: bytes
    value: Mapping[str, Any]  # Any: JSON

    @property
    def is_atomic(self) -> bool:
        return self.value["type"] == "transaction"


def take(
    actor: CanWrite, said: WishDep, content: BodyDep, retries: RetriesDep, engine: EngineDep, settings: SettingsDep,
    now: Now,
) -> Response:  # fmt: skip
    """Write a bundle into the record and answer with what became of each entry."""
    value = parse(content)
    if value["resourceType"] != "Bundle":
        raise BadRequest("this is not a Bundle")
    if value.get("type") not in RECEIVED_TYPES:
        raise BadRequest("this Bundle is not of the type transaction or batch")
    sent = _Bundle(settings=settings, actor=actor, said=said, now=now, content=content, value=value)

    def work() -> Response:
        try:
            return done(engine, actor, lambda connection: _take(connection, sent), "POST /fhir", now)
        except NotDone as refused:
            with engine.begin() as connection:
                record_access(connection, actor, "import", None, "POST /fhir", "failed", now=now)
            return refused.answer.response()

    return retries.once(digest_of(content), work)


def _take(connection: Connection, sent: _Bundle) -> Answer:
    source = sent.said.own_source
    plans = plans_of(connection, sent.value, source, sent.now)
    refused = next((plan.answer for plan in plans.values() if plan.answer is not None), None)
    if sent.is_atomic and refused is not None:
        raise NotDone(refused)
    entries = read_entries(sent.value)
    told: dict[int, str] = {}
    headers: dict[str, str] = {}
    if len(plans) < len(entries) or not all(plan.reads for plan in plans.values()) or not entries:
        asked = Asked(source=source, actor=sent.actor.name, context=Context(now=sent.now))
        content = Content.of(sent.content)
        report = take_in(connection, content, asked, atomic=sent.is_atomic, importer=importer_of(plans))
        headers["X-Import-Id"] = str(report.import_id)
        told.update(_written(connection, sent, report))
    for index, plan in plans.items():
        if plan.answer is not None:
            told[index] = _entry(plan.answer)
        elif plan.reads is not None:
            told[index] = _entry(_read(connection, sent, plan.reads, index))
        elif not plan.is_update and plan.found is not None:
            told[index] = _found(sent, plan)
    kind = "transaction-response" if sent.is_atomic else "batch-response"
    head = json.dumps({"resourceType": "Bundle", "type": kind})
    listed = ", ".join(told[index] for index in sorted(told))
    text = f'{head[:-1]}, "entry": [{listed}]}}'
    return Answer(status=200, text=text, headers=headers)


def _written(connection: Connection, sent: _Bundle, report: Report) -> dict[int, str]:
    """Return the answers of the entries that were taken; what their resource became decides, not a part of it."""
    decisive: dict[int, Fate] = {}
    for fate in report.fates:
        index = index_of(fate.where)
        before = decisive.get(index)
        if before is None or _weight(fate) >= _weight(before):
            decisive[index] = fate
    keys = {ledger.bounded_key(fate.resource) for fate in decisive.values()}
    versions = resources.of_keys(connection, sent.said.own_source, keys)
    return {
        index: json.dumps({"response": _response(sent, fate, versions.get(ledger.bounded_key(fate.resource)))})
        for index, fate in decisive.items()
    }


def _weight(fate: Fate) -> int:
    if fate.outcome == "rejected":
        return 2
    return 1 if fate.where.endswith("]") and fate.where.count(".") == 1 else 0


def _response(sent: _Bundle, fate: Fate, version: Version | None) -> dict[str, object]:
    response: dict[str, object] = {"status": "200 OK"}
    if fate.outcome == "imported":
        response["status"] = "201 Created"
        if fate.reason:
            response["outcome"] = outcome(issue("informational", fate.reason, fate.where, "information"))
    elif fate.outcome in ("duplicate", "superseded"):
        said = fate.reason or ("already known" if fate.outcome == "duplicate" else "corrects what was known")
        response["outcome"] = outcome(issue("informational", said, fate.where, "information"))
    elif fate.outcome == "not_used":
        response["outcome"] = outcome(issue("not-supported", fate.reason, fate.where, "information"))
    else:
        is_kept = fate.reason.partition(":")[0] in QUARANTINED
        told = issue("processing", fate.reason, fate.where, "warning" if is_kept else "error")
        return {"status": "202 Accepted" if is_kept else "422 Unprocessable Entity", "outcome": outcome(told)}
    return response | (_place(sent.settings, version) if version is not None else {})


def _place(settings: Settings, version: Version) -> dict[str, object]:
    return {
        "location": f"{url_of(settings, version)}/_history/{version.id}", "etag": etag(version),
        "lastModified": instant(version.recorded_at),
    }  # fmt: skip


def _found(sent: _Bundle, plan: Plan) -> str:
    assert plan.found is not None
    told = issue("informational", "a resource with this identifier is there", severity="information")
    response = {"status": "200 OK", "outcome": outcome(told), **_place(sent.settings, plan.found)}
    return json.dumps({"response": response})


def _read(connection: Connection, sent: _Bundle, url: str, index: int) -> Answer:
    """Return the answer of an entry that reads or searches.

    Raises:
        NotDone: it can't be answered, in a transaction.
    """
    try:
        return _answered(connection, sent, url)
    except TooCostly:
        raise  # the transaction is over
    except tuple(ANSWERS) as error:
        answer = refusal(422, "processing", str(error), f"Bundle.entry[{index}].request.url")
    except WebError as error:
        place = f"Bundle.entry[{index}].request.url"
        answer = refusal(error.status_code, issue_type(error.status_code), error.detail, place)
    if sent.is_atomic:
        raise NotDone(answer)
    return answer


def _answered(connection: Connection, sent: _Bundle, url: str) -> Answer:
    if "fhir.read" not in sent.actor.scopes:
        raise Forbidden("this needs fhir.read")
    path, _, query = url.partition("?")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        raise BadRequest("an address that can't be read") from None
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if len(parts) == 1:
        return answer_search(connection, sent.settings, sent.actor, parts[0], pairs, sent.said, sent.now)
    if len(parts) == 2:
        check_params(pairs)
        source = next((value for name, value in pairs if name == "_source"), None)
        return answer_read(connection, sent.settings, sent.actor, parts[0], parts[1], source=source, now=sent.now,
                           headers={})  # fmt: skip
    raise NotFound("in a bundle, Type?query and Type/id are read")


def _entry(answer: Answer) -> str:
    """Return the entry of an answer; what was read stands in it as it is kept."""
    response: dict[str, object] = {"status": f"{answer.status} {_REASONS.get(answer.status, '')}".strip()}
    if "ETag" in answer.headers:
        response["etag"] = answer.headers["ETag"]
    if answer.status >= 300:
        told = f', "outcome": {answer.text}' if answer.text else ""
        return f'{{"response": {json.dumps(response)[:-1]}{told}}}}}'
    return f'{{"resource": {answer.text}, "response": {json.dumps(response)}}}'
