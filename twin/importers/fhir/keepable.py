"""Can the record keep this resource's text at all? Said before anything is written.

PostgreSQL keeps no NUL and no half of a surrogate pair, which JSON can spell, and indexes no name of kilobytes.
FHIR forbids the first (R4 datatypes, string), and bounds an id at 64 characters.
"""

import re
from collections.abc import Iterator
from typing import Any

from twin.importers.fhir.scan import canonical

LONGEST_NAME = 1_000  # bytes of what names a resource or a person; real ones stay below 200
_SPELT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")


def why_not(resource: dict[str, Any], text: str, names: tuple[object, ...]) -> str | None:
    """Return why a resource can't be kept, None where it can; `text` is its source, `names` what it is called by."""
    # a walk over a large resource takes longer than a look whether its text spells such a character anywhere
    if _SPELT.search(text) is not None and any(_UNKEEPABLE.search(said) for said in _texts([resource, *names])):
        return "a character that can't be kept (NUL, or half of a surrogate pair)"
    people = _named(resource) if resource.get("resourceType") == "Patient" else ()
    if any(_is_too_long(name) for name in (*names, *people)):
        return f"an id, identifier or name longer than {LONGEST_NAME} bytes"
    return None


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


def _named(patient: dict[str, Any]) -> Iterator[object]:
    for name in ("identifier", "name"):
        stated = patient.get(name)
        yield from stated if isinstance(stated, list) else (stated,)


def _is_too_long(name: object) -> bool:
    written = name if isinstance(name, str) else canonical(name)
    return len(written) > LONGEST_NAME / 4 and len(written.encode("utf-8", "surrogatepass")) > LONGEST_NAME
