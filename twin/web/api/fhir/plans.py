"""What do the entries of a bundle ask for, beside taking their resources? Conditions, and entries that read.

Judged before anything is taken, in the transaction of the bundle (hl7.org/fhir/R4/http.html#transaction).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from twin.importers.base import Context, Importer, Item
from twin.importers.content import Content
from twin.importers.fhir import IMPORTER
from twin.store.resources import Version
from twin.store.session import Connection
from twin.web.api.fhir.answers import Answer, refusal
from twin.web.api.fhir.conditions import bearers, check_match, identifiers_of, only_bearer, standing
from twin.web.api.fhir.negotiation import check_id, check_kind
from twin.web.errors import BadRequest, NotFound, NotMet, WebError, issue_type

_ENTRY = re.compile(r"Bundle\.entry\[(\d+)\]")
_WHOLE_ENTRY = re.compile(r"Bundle\.entry\[\d+\]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is known of one entry before the bundle is taken."""

    reads: str | None = None
    """The address of an entry that reads."""
    answer: Answer | None = None
    """The answer of an entry that is not taken."""
    found: Version | None = None
    """What a condition found: a create is not done, an update is of this one."""
    is_update: bool = False
    at: datetime | None = None
    """The sender saw the version that stands: what is sent is newer, whatever it says of itself."""


def plans_of(connection: Connection, bundle: Mapping[str, Any], source: str, now: datetime) -> dict[int, Plan]:
    """Return the plan of each entry that asks for more than to be taken."""
    entries = bundle.get("entry")
    found = {}
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        request = entry.get("request") if isinstance(entry, dict) else None
        if isinstance(request, dict):
            try:
                plan = _plan(connection, request, entry.get("resource"), source, now)
            except WebError as error:
                place = f"Bundle.entry[{index}].request"
                plan = Plan(answer=refusal(error.status_code, issue_type(error.status_code), error.detail, place))
            if plan is not None:
                found[index] = plan
    return found


def importer_of(plans: Mapping[int, Plan]) -> Importer:
    """Return the FHIR importer that passes over what is not to be taken, and names what a condition found."""

    def read(content: Content, context: Context) -> Iterator[Item]:
        for item in IMPORTER.read(content, context):
            plan = plans.get(index_of(item.where))
            if plan is None:
                yield item
            elif plan.is_update and plan.found is not None and _WHOLE_ENTRY.fullmatch(item.where):
                yield replace(item, key=plan.found.key, version_at=plan.at or item.version_at)
            elif plan.is_update or (plan.found is not None and item.patient is not None):
                yield item  # a patient who is there is not created; other entries call them by this one

    return replace(IMPORTER, read=read)


def index_of(where: str) -> int:
    """Return which entry a place lies in."""
    found = _ENTRY.match(where)
    return int(found.group(1)) if found else 0


def read_entries(bundle: Mapping[str, Any]) -> Sequence[object]:
    """Return the entries of a bundle as they came."""
    entries = bundle.get("entry")
    return entries if isinstance(entries, list) else ()


def _plan(
    connection: Connection, request: Mapping[str, Any], resource: object, source: str, now: datetime
) -> Plan | None:
    method, url = request.get("method"), request.get("url")
    if method == "GET":
        if not isinstance(url, str):
            raise BadRequest("a GET has an url")
        return Plan(reads=url)
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(kind, str):
        return None  # the importer says what is wrong with it
    condition, if_match = request.get("ifNoneExist"), request.get("ifMatch")
    if isinstance(condition, str) and method in ("POST", None):
        found = only_bearer(bearers(connection, kind, identifiers_of(condition)))
        return Plan(found=found) if found is not None else None
    if method != "PUT" or not isinstance(url, str):
        return None
    name, _, query = url.partition("?")
    if query:
        if name != kind:
            raise BadRequest("the address is not of the resource's type")
        mine = [each for each in bearers(connection, kind, identifiers_of(query)) if each.source == source]
        before = only_bearer(mine)
        own_id = resource.get("id") if isinstance(resource, dict) else None
        if before is not None and own_id not in (None, before.logical_id):
            raise BadRequest("the resource's id is not that of the one which bears this identifier")
    elif isinstance(if_match, str):
        logical_id = name.rpartition("/")[2]
        try:
            check_kind(kind)
            check_id(logical_id)
        except NotFound:
            raise NotMet("there is no version yet") from None
        before = standing(connection, kind, logical_id, source)
    else:
        return None
    seen = if_match if isinstance(if_match, str) else None
    check_match(seen, None, before)
    return Plan(found=before, is_update=True, at=now if seen is not None else None)
