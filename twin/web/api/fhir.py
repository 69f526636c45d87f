"""FHIR R4: take a transaction or batch bundle, and say what this server can do (hl7.org/fhir/R4/http.html).

A transaction is written whole or not at all; a batch entry by entry. The answer has one entry for each of the
request's, in its order. A value that is not believed (implausible, a unit that does not belong) is kept in quarantine
and told as a warning: such a value does not undo the transaction it came in, a fault of the message does.
"""

import re
from email.message import Message
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from twin import __version__
from twin.importers.base import DEFAULT_SOURCE, Reject
from twin.importers.fhir import parse
from twin.importers.report import QUARANTINED, Fate, Report
from twin.intake import TransactionRefused, take_bundle
from twin.web.caller import Actor
from twin.web.deps import EngineDep, Now, SettingsDep, record_access, scope
from twin.web.errors import FHIR_JSON, BadRequest, WrongMediaType, issue, operation_outcome

router = APIRouter()

VERSIONS = frozenset({"4.0", "4.0.1"})  # what a `fhirVersion` parameter may say for R4
RECEIVED_TYPES = ("transaction", "batch")
Source = Annotated[str, Query(min_length=1, max_length=100, pattern=r"^[\w.:/-]+$")]
_ENTRY = re.compile(r"Bundle\.entry\[(\d+)\]")


def check_media_type(request: Request) -> None:
    """Refuse a body that says it is not FHIR R4 in JSON, before it is read."""
    header = Message()
    header["Content-Type"] = request.headers.get("content-type", "")
    if header.get_content_type() not in ("application/fhir+json", "application/json"):
        raise WrongMediaType(f"send {FHIR_JSON}")
    version = str(header.get_param("fhirversion", "4.0"))
    if version not in VERSIONS:
        raise WrongMediaType("another FHIR version: this server speaks R4 (fhirVersion=4.0)")
    if request.headers.get("content-encoding", "identity") != "identity":
        raise WrongMediaType("send the body as it is, without a content encoding")


async def body(request: Request, _: Annotated[None, Depends(check_media_type)]) -> bytes:
    """The whole body; its size is bounded outside."""
    return await request.body()


@router.post("")
def take(
    actor: Annotated[Actor, Depends(scope("fhir.write"))],
    content: Annotated[bytes, Depends(body)],
    engine: EngineDep,
    now: Now,
    source: Source = DEFAULT_SOURCE,
) -> Response:
    """Write a bundle into the record and answer with what became of each entry."""
    bundle = parse(content)
    kind = bundle.get("type")
    if bundle["resourceType"] != "Bundle":
        raise BadRequest("this is not a Bundle")
    if kind not in RECEIVED_TYPES:
        raise BadRequest("this Bundle is not of the type transaction or batch")
    is_atomic = kind == "transaction"
    try:
        report = take_bundle(engine, content, source=source, actor=actor.name, atomic=is_atomic, now=now)
    except TransactionRefused as refused:
        detail = {"faults": len(refused.report.faults), "read": refused.report.read}
        with engine.begin() as connection:
            record_access(connection, actor, "import", None, "POST /fhir", "failed", detail, now=now)
        return operation_outcome(422, [_fault(reject) for reject in refused.report.faults])
    return JSONResponse(
        {"resourceType": "Bundle", "type": f"{kind}-response", "entry": _entries(report)},
        headers={"X-Import-Id": str(report.import_id)},
        media_type=FHIR_JSON,
    )


@router.get("/metadata")
def metadata(settings: SettingsDep) -> Response:
    """The CapabilityStatement: no more than what is here."""
    return JSONResponse(capability(settings.public_url), media_type=FHIR_JSON)


def capability(public_url: str) -> dict[str, object]:
    """Return what this server can do, as FHIR's CapabilityStatement."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-22",
        "kind": "instance",
        "software": {"name": "patient-twin", "version": __version__},
        "implementation": {"description": "patient-twin", "url": f"{public_url.rstrip('/')}/fhir"},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "documentation": "Bundles are taken into the record; resources can't be read back yet.",
                "security": {"description": "A bearer token with the scope fhir.write in the header Authorization."},
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
            }
        ],
    }


def _entries(report: Report) -> list[dict[str, object]]:
    rejects = {_index(reject.where): reject for reject in report.rejects}
    by_entry: dict[int, dict[str, object]] = {}
    for fate in report.fates:
        by_entry[_index(fate.where)] = {"response": _response(fate, rejects)}
    return [by_entry[index] for index in sorted(by_entry)]


def _response(fate: Fate, rejects: dict[int, Reject]) -> dict[str, object]:
    if fate.outcome == "imported":
        return {"status": "201 Created"}
    if fate.outcome in ("duplicate", "superseded"):
        said = "already known" if fate.outcome == "duplicate" else "corrects what was known"
        return {"status": "200 OK", "outcome": _outcome(issue("informational", said, fate.where, "information"))}
    if fate.outcome == "not_used":
        told = issue("not-supported", fate.reason, fate.where, "information")
        return {"status": "200 OK", "outcome": _outcome(told)}
    reject = rejects[_index(fate.where)]
    is_kept = reject.reason in QUARANTINED
    told = issue("processing", fate.reason, reject.where, "warning" if is_kept else "error")
    return {"status": "202 Accepted" if is_kept else "422 Unprocessable Entity", "outcome": _outcome(told)}


def _outcome(told: dict[str, object]) -> dict[str, object]:
    return {"resourceType": "OperationOutcome", "issue": [told]}


def _fault(reject: Reject) -> dict[str, str]:
    return {"code": "processing", "text": reject.to_json()["reason"], "expression": reject.where}


def _index(where: str) -> int:
    found = _ENTRY.match(where)
    return int(found.group(1)) if found else 0
