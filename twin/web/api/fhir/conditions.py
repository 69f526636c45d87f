"""Do the conditions of a write hold? `If-Match`, and "the one that bears this identifier".

Each is judged under a lock in the transaction of the write, so that two senders of one thing never make two. Source:
hl7.org/fhir/R4/http.html#concurrency, #ccreate, #cond-update.
"""

import re
from urllib.parse import parse_qsl

from twin.store import ledger, resources
from twin.store.resources import Version
from twin.store.session import Connection
from twin.web.api.fhir.answers import etag
from twin.web.api.fhir.params import check_sound, tokens
from twin.web.errors import BadRequest, NotMet

_TAG = re.compile(r'(?:W/)?"?(\d{1,18})"?', re.ASCII)


def identifiers_of(query: str) -> tuple[str, ...]:
    """Return the identifiers (`system|value`) that a condition looks for.

    Raises:
        BadRequest: it looks for anything else.
    """
    try:
        pairs = parse_qsl(query.rpartition("?")[2], keep_blank_values=True, max_num_fields=100)
    except ValueError:
        pairs = []
    check_sound(pairs)
    if len(pairs) != 1 or pairs[0][0] != "identifier":
        raise BadRequest("a condition here is identifier=system|value, and nothing else")
    found = tokens(pairs[0][1])
    if not found or any(each.system is None or each.code is None for each in found):
        raise BadRequest("a condition here is identifier=system|value")
    return tuple(f"{each.system}|{each.code}" for each in found)


def bearers(connection: Connection, kind: str, identifiers: tuple[str, ...]) -> list[Version]:
    """Return the standing resources that bear an identifier; until this transaction ends nobody else decides so."""
    ledger.lock_tokens(connection, [f"{kind}|{each}" for each in sorted(identifiers)])
    return resources.by_ids(connection, ledger.bearers(connection, kind, [each[:1_000] for each in identifiers]))


def only_bearer(found: list[Version]) -> Version | None:
    """Return the one that was meant, None where there is none.

    Raises:
        NotMet: there are several.
    """
    if len(found) > 1:
        raise NotMet(f"{len(found)} resources bear this identifier; which one is meant can't be told")
    return found[0] if found else None


def standing(connection: Connection, kind: str, logical_id: str, source: str) -> Version | None:
    """Return the resource of a name that stands; until this transaction ends nobody else changes it under a lock."""
    ledger.lock_tokens(connection, [f"{source}|{kind}/{logical_id}"])
    found = resources.of_id(connection, kind, logical_id, source=source)
    found.sort(key=lambda each: each.key == f"{kind}/{logical_id}")
    return found[-1] if found else None


def check_match(if_match: str | None, if_none_match: str | None, before: Version | None) -> None:
    """Raise NotMet where the version that stands is not the one the sender saw."""
    if if_none_match is not None and if_none_match.strip() == "*" and before is not None:
        raise NotMet("there is one already")
    if if_match is None:
        return
    tags = {match[1] for each in if_match.split(",") if (match := _TAG.fullmatch(each.strip())) is not None}
    if before is None:
        raise NotMet("there is no version yet")
    if before.superseded_at is not None or str(before.id) not in tags:
        raise NotMet(f"the version that stands is {etag(before)}")
