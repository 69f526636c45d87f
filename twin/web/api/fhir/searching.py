"""Search a type: standing versions only, in pages, each resource in the answer as it came."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request, Response

from twin.settings import Settings
from twin.store import audit, resource_people, resources
from twin.store.resource_search import Query
from twin.store.session import Connection
from twin.web.api.fhir.answers import Answer, Listed, bundle, listed, outcome, page_links
from twin.web.api.fhir.dependencies import CanRead
from twin.web.api.fhir.negotiation import GENERAL, Wish, WishDep, check_encoding, check_kind
from twin.web.api.fhir.params import Asked, Pairs, cursor_of, parse
from twin.web.caller import Actor
from twin.web.deps import EngineDep, Now, SettingsDep, record_access
from twin.web.errors import BadRequest, WrongMediaType, issue

_FORM = "application/x-www-form-urlencoded"


def search(
    actor: CanRead, said: WishDep, request: Request, engine: EngineDep, settings: SettingsDep, now: Now, kind: str
) -> Response:
    """Return what is found, a page at a time."""
    with engine.begin() as connection:
        pairs = request.query_params.multi_items()
        return answer_search(connection, settings, actor, kind, pairs, said, now).response()


async def form(request: Request) -> Pairs:
    """The parameters of a form in the body, and of the address.

    Raises:
        WrongMediaType: the body is no form.
    """
    if request.headers.get("content-type", _FORM).partition(";")[0].strip().lower() != _FORM:
        raise WrongMediaType(f"send {_FORM}")
    check_encoding(request)
    content = await request.body()
    try:
        pairs = parse_qsl(content.decode(), keep_blank_values=True, max_num_fields=1_000, errors="strict")
    except ValueError:
        raise BadRequest("the body is no form that can be read") from None
    return [*request.query_params.multi_items(), *pairs]


def search_by_form(
    actor: CanRead, said: WishDep, pairs: Annotated[Pairs, Depends(form)], engine: EngineDep, settings: SettingsDep,
    now: Now, kind: str,
) -> Response:  # fmt: skip
    """Return what is found; the parameters stand in the body, where no log sees them."""
    with engine.begin() as connection:
        return answer_search(connection, settings, actor, kind, pairs, said, now).response()


def answer_search(
    connection: Connection, settings: Settings, actor: Actor, kind: str, pairs: Pairs, said: Wish, now: datetime
) -> Answer:
    """Return the answer to a search, with a row in the audit for each patient shown."""
    check_kind(kind)
    source = next((value for name, value in pairs if name == "_source"), said.source)
    asked = parse(kind, [each for each in pairs if each[0] not in GENERAL], is_lenient=said.is_lenient, source=source,
                  now=now)  # fmt: skip
    with resources.bounded(connection):
        query = _looked_up(connection, asked)
        wants_total = asked.only_count or asked.with_total
        total = resources.count(connection, query) if wants_total else None
        page = None if asked.only_count else resources.search(connection, query, count=asked.count)
    shown = page.versions if page is not None else []
    note_shown(connection, actor, "fhir.search", f"GET /fhir/{kind}", shown, now)
    following = None
    if page is not None and page.has_more:
        following = cursor_of(query.newest_first, shown[-1].recorded_at, shown[-1].id)
    links = page_links(settings, f"/{kind}", asked.used, following)
    entries = listed(settings, shown, {"search": {"mode": "match"}})
    if asked.ignored:
        entries.append(_ignored(asked.ignored))
    return Answer(status=200, text=bundle("searchset", entries, links=links, total=total))


def note_shown(
    connection: Connection, actor: Actor, action: str, resource: str, shown: list[resources.Version], now: datetime
) -> None:
    """Append an audit row for each patient of whom something is shown; one without a patient where there is none."""
    counts: dict[str, int] = {}
    for each in shown:
        if each.patient_id is not None:
            counts[each.patient_id] = counts.get(each.patient_id, 0) + 1
    if not counts:
        record_access(connection, actor, action, None, resource, detail={"resources": len(shown)}, now=now)
    told = {patient_id: {"resources": count} for patient_id, count in counts.items()}
    audit.append_many(connection, told, at=now, actor=actor.name, action=action, resource=resource)


def _looked_up(connection: Connection, asked: Asked) -> Query:
    query = asked.query
    people = [frozenset(resource_people.people_named(connection, ids, query.source)) for ids in asked.people]
    people += [
        frozenset(resource_people.people_identified(connection, [(each.system, each.code or "") for each in tokens]))
        for tokens in asked.people_identified
    ]
    return replace(query, people=(*query.people, *people))


def _ignored(names: tuple[str, ...]) -> Listed:
    told = issue("not-supported", f"ignored: {', '.join(names)}", severity="warning")
    return Listed(url="", text=json.dumps(outcome(told)), more={"search": {"mode": "outcome"}})
