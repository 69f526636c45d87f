"""What does this server do? The CapabilityStatement, made from the registry that the routes are made from."""

from fastapi import Response
from fastapi.responses import JSONResponse

from twin import __version__
from twin.settings import Settings
from twin.web.api.fhir.answers import base
from twin.web.api.fhir.registry import FACT_KINDS, INTERACTIONS, KINDS, OPERATIONS, params_of
from twin.web.deps import SettingsDep
from twin.web.errors import FHIR_JSON

DATE = "2026-11-22"  # of this description
_DOCUMENTATION = (
    "Every resource is kept as it came, and read back to the letter under its own id, within its source (_source); one "
    "that came without an id is named by its identifier, code and time, else by its content, so the same create again "
    "makes nothing. A create of a resource with an id keeps that id. versionId is the number of a version in the "
    "ledger. Nothing is deleted: entered-in-error is a version. Facts of the twin are taken from "
    f"{', '.join(FACT_KINDS)}; other types are kept and read back only. Unknown parameters are refused, or with "
    "Prefer: handling=lenient ignored and named."
)


def metadata(settings: SettingsDep) -> Response:
    """The CapabilityStatement: no more than what is here."""
    return JSONResponse(capability(settings), media_type=FHIR_JSON)


def capability(settings: Settings) -> dict[str, object]:
    """Return what this server can do, as FHIR's CapabilityStatement."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": DATE,
        "kind": "instance",
        "software": {"name": "patient-twin", "version": __version__},
        "implementation": {"description": "patient-twin", "url": base(settings)},
        "fhirVersion": "4.0.1",
        "format": ["json", "application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "documentation": _DOCUMENTATION,
                "security": {
                    "description": "A bearer token in the header Authorization: fhir.read to read, fhir.write to write."
                },
                "resource": [_resource(kind) for kind in KINDS],
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
                "operation": _operations(None),
            }
        ],
    }


def _resource(kind: str) -> dict[str, object]:
    codes = dict.fromkeys(each.code for each in INTERACTIONS if each.level != "system")
    told: dict[str, object] = {
        "type": kind,
        "interaction": [{"code": code} for code in codes],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "not-supported",
        "searchParam": [{"name": each.name, "type": each.type, "documentation": each.says} for each in params_of(kind)],
    }
    if operations := _operations(kind):
        told["operation"] = operations
    return told


def _operations(kind: str | None) -> list[dict[str, str]]:
    return [
        {"name": each.name, "definition": each.definition, "documentation": each.says}
        for each in OPERATIONS
        if each.kind == kind
    ]
