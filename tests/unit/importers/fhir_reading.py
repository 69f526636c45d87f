"""How the tests of the FHIR importer read: bytes in, items out."""

import io
import json
from datetime import UTC, datetime
from typing import Any

from tests.builders import encode, lab
from twin.importers.base import Context, Item
from twin.importers.content import Content
from twin.importers.fhir import IMPORTER
from twin.record.fact import FactDraft

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CONTEXT = Context(now=NOW)


def read(content: bytes, name: str = "file.json", **beside: bytes) -> list[Item]:
    """The items of a file; `beside` are the files next to it, `.` in their names written `_`."""
    return list(
        IMPORTER.read(
            folder({name: content} | {each.replace("_", "."): beside[each] for each in beside})[name], CONTEXT
        )
    )


def folder(files: dict[str, bytes]) -> dict[str, Content]:
    """The files of one folder, which know one another."""
    contents: dict[str, Content] = {}
    for name, content in files.items():
        contents[name.lower()] = Content(
            name=name,
            size=len(content),
            opener=lambda content=content: io.BytesIO(content),  # type: ignore[misc]
            beside=lambda: contents,
        )
    return {name: contents[name.lower()] for name in files}


def ndjson(*resources: dict[str, Any]) -> bytes:
    return b"\n".join(encode(each) for each in resources) + b"\n"


def one(resource: dict[str, Any]) -> Item:
    """The item of a file that is one resource: the last, after what stands beside it."""
    return read(encode(resource))[-1]


def facts(resource: dict[str, Any]) -> tuple[FactDraft, ...]:
    item = one(resource)
    assert item.reject is None, item.reject
    return item.facts


def result(**more: Any) -> dict[str, Any]:
    """An Observation without a value, to which `more` adds one."""
    resource = lab("o", "2160-0", 1, "mg/dL", "2020-05-04T10:00:00Z")
    del resource["valueQuantity"]
    return resource | more


def raw(text: str) -> str:
    """A result whose value is written as given, digits and all."""
    return json.dumps(result(valueQuantity={"value": "@", "unit": "mg/dL"})).replace('"@"', text)
