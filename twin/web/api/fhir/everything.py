"""`Patient/{id}/$everything`: every kept resource of a person, of the records merged into that one too.

Source: hl7.org/fhir/R4/patient-operation-everything.html. What others share (practitioners, organisations) is not the
patient's and not told.
"""

import json
from dataclasses import replace
from datetime import datetime

from fastapi import Request, Response

from twin.store import resource_people, resources
from twin.store.resource_search import Query, When
from twin.web.api.fhir.answers import Answer, Listed, base, bundle, listed, page_links
from twin.web.api.fhir.dates import when
from twin.web.api.fhir.dependencies import CanRead
from twin.web.api.fhir.negotiation import GENERAL, WishDep, check_id
from twin.web.api.fhir.params import Pairs, check_sound, cursor_of, read_count, read_cursor
from twin.web.api.fhir.patient_view import patient_view
from twin.web.api.fhir.registry import KINDS
from twin.web.api.fhir.searching import note_shown
from twin.web.deps import EngineDep, Now, SettingsDep
from twin.web.errors import BadRequest, NotFound

_PARAMS = frozenset({"start", "end", "_since", "_type", "_count", "_cursor", "_source"})


def everything(
    actor: CanRead, said: WishDep, request: Request, engine: EngineDep, settings: SettingsDep, now: Now,
    logical_id: str,
) -> Response:  # fmt: skip
    """Return what is kept of a patient, a page at a time, in the order in which it came."""
    check_id(logical_id)
    pairs = [each for each in request.query_params.multi_items() if each[0] not in GENERAL and each[1] != ""]
    query = _query(pairs, now)
    count = max(1, read_count(request.query_params.get("_count")))
    with engine.begin() as connection, resources.bounded(connection):
        people = resource_people.people_named(connection, [logical_id], said.source)
        if not people:
            raise NotFound("no patient of this name is known")
        page = resources.search(connection, replace(query, people=(frozenset(people),)), count=count)
        resource = "GET /fhir/Patient/$everything"
        note_shown(connection, actor, "fhir.everything", resource, page.versions, now)
        entries = listed(settings, page.versions, {"search": {"mode": "match"}})
        is_first = query.after is None and (not query.kinds or "Patient" in query.kinds)
        if is_first and resource_people.newest_patient(connection, sorted(people)) is None:
            for patient_id in sorted(people):  # known from other formats only
                own = json.dumps(patient_view(connection, settings, patient_id), ensure_ascii=False)
                url = f"{base(settings)}/Patient/{patient_id}"
                entries.insert(0, Listed(url=url, text=own, more={"search": {"mode": "match"}}))
    shown = page.versions
    following = cursor_of(None, shown[-1].recorded_at, shown[-1].id) if page.has_more else None
    links = page_links(settings, f"/Patient/{logical_id}/$everything", pairs, following)
    return Answer(status=200, text=bundle("searchset", entries, links=links)).response()


def _query(pairs: Pairs, now: datetime) -> Query:
    check_sound(pairs)
    if unknown := sorted({name for name, _ in pairs} - _PARAMS):
        raise BadRequest(f"{len(unknown)} parameters that $everything does not have")
    asked = dict(pairs)
    kinds = tuple(each for each in asked.get("_type", "").split(",") if each)
    if any(each not in KINDS for each in kinds):
        raise BadRequest("_type: resource types of R4, separated by commas")
    start, end, since = (_moment(asked, name, now) for name in ("start", "end", "_since"))
    bounds = (start.low if start else None, end.high if end else None)
    return Query(
        kinds=kinds, source=asked.get("_source"), dated_within=bounds if start or end else None,
        updated=((replace(since, prefix="ge"),),) if since else (),
        after=read_cursor(asked["_cursor"], None) if "_cursor" in asked else None,
    )  # fmt: skip


def _moment(asked: dict[str, str], name: str, now: datetime) -> When | None:
    if name not in asked:
        return None
    try:
        found = when(asked[name], now)
    except ValueError as error:
        raise BadRequest(f"{name}: {error}") from None
    if found.prefix != "eq":
        raise BadRequest(f"{name}: a date without a prefix")
    return found
