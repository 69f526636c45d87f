"""Read one resource as it came, one of its versions, or the list of them."""

import json
from collections.abc import Mapping
from datetime import datetime

from fastapi import Request, Response

from twin.settings import Settings
from twin.store import resource_people, resources
from twin.store.resources import Version
from twin.store.session import Connection
from twin.web.api.cursor import pack
from twin.web.api.fhir.answers import Answer, Listed, base, bundle, etag, headers_of, instant, is_unchanged, page_links
from twin.web.api.fhir.dependencies import CanRead
from twin.web.api.fhir.negotiation import WishDep, check_id, check_kind
from twin.web.api.fhir.params import Pairs, check_sound, read_count, read_cursor
from twin.web.api.fhir.patient_view import patient_view
from twin.web.caller import Actor
from twin.web.deps import EngineDep, Now, SettingsDep, record_access
from twin.web.errors import Ambiguous, BadRequest, NotFound

_OF_READ = frozenset({"_source", "source", "_format", "_pretty"})


def read(
    actor: CanRead, said: WishDep, request: Request, engine: EngineDep, settings: SettingsDep, now: Now,
    kind: str, logical_id: str,
) -> Response:  # fmt: skip
    """Return the version that stands, to the letter as it came."""
    check_params(request.query_params.multi_items())
    with engine.begin() as connection:
        answer = answer_read(connection, settings, actor, kind, logical_id, source=said.source, now=now,
                             headers=request.headers)  # fmt: skip
    return answer.response()


def vread(
    actor: CanRead, said: WishDep, request: Request, engine: EngineDep, settings: SettingsDep, now: Now,
    kind: str, logical_id: str, version_id: str,
) -> Response:  # fmt: skip
    """Return one version, also one that has been superseded."""
    check_params(request.query_params.multi_items())
    with engine.begin() as connection:
        version = _version(connection, kind, logical_id, version_id, said.source)
        _note(connection, actor, "fhir.vread", version, now)
    if is_unchanged(version, request.headers.get("if-none-match"), None):
        return Answer(status=304, headers=headers_of(settings, version)).response()
    return Answer(status=200, text=version.body, headers=headers_of(settings, version)).response()


def history(
    actor: CanRead, said: WishDep, request: Request, engine: EngineDep, settings: SettingsDep, now: Now,
    kind: str, logical_id: str,
) -> Response:  # fmt: skip
    """Return the versions of a resource, the newest first."""
    asked = request.query_params.multi_items()
    check_params(asked, {"_count", "_cursor"})
    count = max(1, read_count(request.query_params.get("_count")))
    cursor = request.query_params.get("_cursor")
    before = read_cursor(cursor, None)[1] if cursor is not None else None
    with engine.begin() as connection:
        current = find(connection, kind, logical_id, said.source)
        page = resources.history(connection, current, before=before, count=count)
        _note(connection, actor, "fhir.history", current, now)
    shown = page.versions
    following = pack("", shown[-1].recorded_at.isoformat(), str(shown[-1].id)) if page.has_more else None
    used = [(name, value) for name, value in asked if name not in ("_format", "_pretty")]
    links = page_links(settings, f"/{kind}/{logical_id}/_history", used, following)
    first = shown[-1].id if shown and not page.has_more else 0
    entries = [_listed(settings, each, is_first=each.id == first) for each in shown]
    return Answer(status=200, text=bundle("history", entries, links=links)).response()


def answer_read(
    connection: Connection, settings: Settings, actor: Actor, kind: str, logical_id: str, *, source: str | None,
    now: datetime, headers: Mapping[str, str],
) -> Answer:  # fmt: skip
    """Return the answer to a read, with its row in the audit.

    Raises:
        NotFound: there is none.
        Ambiguous: several sources have one of this name.
    """
    check_kind(kind)
    check_id(logical_id)
    if kind == "Patient" and resource_people.is_uuid(logical_id) and source is None:
        own = patient_view(connection, settings, logical_id)
        if own is not None and not resources.of_id(connection, kind, logical_id):
            record_access(connection, actor, "fhir.read", logical_id, f"Patient/{logical_id}", now=now)
            return Answer(status=200, text=json.dumps(own, ensure_ascii=False))
    version = find(connection, kind, logical_id, source)
    _note(connection, actor, "fhir.read", version, now)
    if is_unchanged(version, headers.get("if-none-match"), headers.get("if-modified-since")):
        return Answer(status=304, headers=headers_of(settings, version))
    return Answer(status=200, text=version.body, headers=headers_of(settings, version))


def find(connection: Connection, kind: str, logical_id: str, source: str | None) -> Version:
    """Return the version of a name that stands, or where none does the last one.

    Raises:
        NotFound: there is none.
        Ambiguous: several sources have one of this name.
    """
    check_kind(kind)
    check_id(logical_id)
    found = resources.of_id(connection, kind, logical_id, source=source)
    by_source = {each.source: each for each in sorted(found, key=lambda each: each.key == f"{kind}/{logical_id}")}
    if not by_source:
        raise NotFound("no resource of this name was kept")
    if len(by_source) > 1:
        raise Ambiguous(f"several sources sent one of this name; add _source: {', '.join(sorted(by_source))}")
    return next(iter(by_source.values()))


def check_params(pairs: Pairs, more: set[str] | None = None) -> None:
    """Raise BadRequest for parameters that a read doesn't have."""
    check_sound(pairs)
    if any(name not in _OF_READ | (more or set()) for name, _ in pairs):
        raise BadRequest("a parameter that this request does not have")


def _version(connection: Connection, kind: str, logical_id: str, version_id: str, source: str | None) -> Version:
    check_kind(kind)
    check_id(logical_id)
    number = int(version_id) if version_id.isascii() and version_id.isdigit() and len(version_id) < 19 else 0
    for each in resources.by_ids(connection, [number]):
        if (each.kind, each.logical_id) == (kind, logical_id) and source in (None, each.source):
            return each
    raise NotFound("no version of this number was kept")


def _note(connection: Connection, actor: Actor, action: str, version: Version, now: datetime) -> None:
    record_access(connection, actor, action, version.patient_id, f"{version.kind}/_history/{version.id}", now=now)


def _listed(settings: Settings, version: Version, *, is_first: bool) -> Listed:
    name = f"{version.kind}/{version.logical_id}"
    request = {"method": "POST" if is_first else "PUT", "url": version.kind if is_first else name}
    told = {"status": "201" if is_first else "200", "etag": etag(version)}
    return Listed(
        url=f"{base(settings)}/{name}", text=version.body,
        more={"request": request, "response": told | {"lastModified": instant(version.recorded_at)}},
    )  # fmt: skip
