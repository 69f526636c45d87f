"""Can the record keep this entry's text at all? Said before anything is written.

PostgreSQL keeps no NUL and no half of a surrogate pair, which JSON can spell, and indexes no name of kilobytes.
FHIR forbids the first (R4 datatypes, string), and bounds an id at 64 characters.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

LONGEST_NAME = 1_000  # bytes of what names a resource or a person; real ones stay below 200
_SPELT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")


def why_not(entry: object, *, is_suspect: bool) -> str | None:
    """Return why an entry's text can't be kept, None where it can; `is_suspect` is what `is_suspect(content)` said."""
    if is_suspect and any(_UNKEEPABLE.search(said) for said in _texts(entry)):
        return "a character that can't be kept (NUL, or half of a surrogate pair)"
    if isinstance(entry, dict) and any(_is_too_long(name) for name in _names(entry)):
        return f"an id, identifier or name longer than {LONGEST_NAME} bytes"
    return None


def is_suspect(content: bytes) -> bool:
    """True where the content spells such a character anywhere: a walk over a large bundle takes longer than this."""
    return _SPELT.search(content) is not None


def _texts(value: object) -> Iterator[str]:
    """Every text in a value, the names of its members too; without recursion, for a sender chooses the depth."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, dict):
            waiting += each.keys()
            waiting += each.values()


def _names(entry: dict[str, Any]) -> Iterator[object]:
    yield entry.get("fullUrl")
    resource = entry.get("resource")
    if isinstance(resource, dict):
        yield resource.get("id")
        yield resource.get("resourceType")
        if resource.get("resourceType") == "Patient":
            yield from (each for name in ("identifier", "name") for each in _listed(resource.get(name)))


def _listed(value: object) -> Iterator[object]:
    if isinstance(value, list):
        yield from value
    else:
        yield value


def _is_too_long(name: object) -> bool:
    written = name if isinstance(name, str) else json.dumps(name, default=str, ensure_ascii=False)
    return len(written) > LONGEST_NAME / 4 and len(written.encode("utf-8", "surrogatepass")) > LONGEST_NAME
