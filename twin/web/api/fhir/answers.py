"""How an answer is written: resources exactly as they are kept, with the headers of their version, and Bundles of them.

Bundles are put together as text, so that nothing in a resource is written anew.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import quote, urlencode

from fastapi import Response

from twin.importers.base import DEFAULT_SOURCE
from twin.settings import Settings
from twin.store.resources import Version
from twin.web.errors import FHIR_JSON, issue

OUTCOME = "OperationOutcome"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer that may stand alone or in an entry of a bundle's."""

    status: int
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """The answer to a request of its own."""
        return Response(self.text.encode(), self.status, dict(self.headers), FHIR_JSON if self.text else None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A resource in a Bundle: its address, its text and, of a search, why it is there."""

    url: str
    text: str
    more: Mapping[str, object] = field(default_factory=dict)


def base(settings: Settings) -> str:
    """Return the address of this FHIR server."""
    return f"{settings.public_url.rstrip('/')}/fhir"


def url_of(settings: Settings, version: Version) -> str:
    """Return the address of a resource."""
    return f"{base(settings)}/{version.kind}/{version.logical_id}"


def etag(version: Version) -> str:
    """Return the entity tag of a version: its number in the ledger."""
    return f'W/"{version.id}"'


def headers_of(settings: Settings, version: Version) -> dict[str, str]:
    """Return ETag, Last-Modified and where exactly this version can be read."""
    at = version.recorded_at.astimezone(UTC)
    return {
        "ETag": etag(version),
        "Last-Modified": format_datetime(at, usegmt=True),
        "Content-Location": f"{url_of(settings, version)}/_history/{version.id}",
    }


def is_unchanged(version: Version, if_none_match: str | None, if_modified_since: str | None) -> bool:
    """True where the caller has this version already."""
    if if_none_match is not None:
        tags = {tag.strip() for tag in if_none_match.split(",")}
        return bool(tags & {"*", etag(version), etag(version).removeprefix("W/")})
    try:
        since = parsedate_to_datetime(if_modified_since) if if_modified_since else None
    except (ValueError, OverflowError):
        return False
    if since is None:
        return False
    since = since if since.tzinfo else since.replace(tzinfo=UTC)
    return version.recorded_at.replace(microsecond=0) <= since


def outcome(*issues: Mapping[str, object]) -> dict[str, object]:
    """Return an OperationOutcome of issues as `errors.issue` makes them."""
    return {"resourceType": OUTCOME, "issue": list(issues)}


def refusal(status: int, code: str, text: str, expression: str = "") -> Answer:
    """Return an answer that says why not."""
    return Answer(status=status, text=json.dumps(outcome(issue(code, text, expression)), ensure_ascii=False))


def listed(settings: Settings, versions: Sequence[Version], more: Mapping[str, object]) -> list[Listed]:
    """Return resources as entries; where two sources have one of the same name, their addresses say which is whose."""
    seen: dict[str, set[str]] = {}
    for each in versions:
        seen.setdefault(f"{each.kind}/{each.logical_id}", set()).add(each.source)
    found = []
    for each in versions:
        url = url_of(settings, each)
        if len(seen[f"{each.kind}/{each.logical_id}"]) > 1 and each.source != DEFAULT_SOURCE:
            url += f"?_source={quote(each.source, safe='')}"
        found.append(Listed(url=url, text=each.body, more=more))
    return found


def bundle(
    kind: str, entries: Iterable[Listed], *, links: Mapping[str, str] | None = None, total: int | None = None
) -> str:
    """Return a Bundle in which every resource stands to the letter as it was kept."""
    head: dict[str, object] = {"resourceType": "Bundle", "type": kind}
    if total is not None:
        head["total"] = total
    if links:
        head["link"] = [{"relation": relation, "url": url} for relation, url in links.items()]
    listed = ",".join(_entry(each) for each in entries)
    told = json.dumps(head, ensure_ascii=False)
    return f'{told[:-1]}, "entry": [{listed}]}}' if listed else told


def page_links(
    settings: Settings, path: str, asked: Sequence[tuple[str, str]], following: str | None
) -> dict[str, str]:
    """Return the addresses of this page and of the next."""
    here = f"{base(settings)}{path}"
    links = {"self": f"{here}?{urlencode(asked)}" if asked else here}
    if following is not None:
        rest = [(name, value) for name, value in asked if name != "_cursor"]
        links["next"] = f"{here}?{urlencode([*rest, ('_cursor', following)])}"
    return links


def instant(at: datetime) -> str:
    """Return a FHIR instant."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _entry(each: Listed) -> str:
    more = "".join(f", {json.dumps(name)}: {json.dumps(value)}" for name, value in each.more.items())
    url = f'"fullUrl": {json.dumps(each.url)}, ' if each.url else ""
    return f'{{{url}"resource": {each.text}{more}}}'
