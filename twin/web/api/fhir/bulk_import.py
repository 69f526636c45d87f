"""`$import`: a file of any size, or files that are fetched from allowed hosts, imported by the worker.

Asked for with `Prefer: respond-async`; the answer names an address at which the import can be watched and cancelled
(the asynchronous pattern of hl7.org/fhir/uv/bulkdata, which this turns round).
"""

import json
import secrets
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from sqlalchemy import Row

from twin import fetching
from twin.importers.fhir import parse
from twin.settings import Settings
from twin.store import ledger
from twin.uploads import receive_addresses, receive_upload
from twin.web.api.fhir.answers import Answer, base, outcome
from twin.web.api.fhir.dependencies import CanWrite
from twin.web.api.fhir.negotiation import WishDep, check_encoding
from twin.web.api.fhir.reading import check_params
from twin.web.deps import EngineDep, Now, SettingsDep, record_access
from twin.web.errors import BadRequest, Conflict, NotFound, Unprocessable, issue
from twin.web.idempotency import RetriesDep
from twin.web.uploading import Stored, once_stored, store_body

_LONGEST_PARAMETERS = 1_000_000  # bytes; a body beyond is a file
_TOLD_REJECTS = 100
_ENDINGS = {"application/fhir+ndjson": ".ndjson", "application/ndjson": ".ndjson", "application/x-ndjson": ".ndjson",
            "application/fhir+json": ".json", "application/json": ".json"}  # fmt: skip
_COUNTS = ("read", "imported", "duplicates", "superseded", "rejected", "not_used", "facts", "patients")


async def stored(actor: CanWrite, request: Request, said: WishDep, settings: SettingsDep) -> Stored:
    """Write the body to the disk, once it is known that it is wanted.

    Raises:
        BadRequest: the caller does not say that an answer may come later.
    """
    check_params(request.query_params.multi_items())
    check_encoding(request)
    if not said.is_async:
        raise BadRequest("$import is answered later: send the header Prefer: respond-async")
    return await store_body(request, settings)


StoredDep = Annotated[Stored, Depends(stored)]


def start(
    actor: CanWrite, said: WishDep, retries: RetriesDep, body: StoredDep, request: Request, engine: EngineDep,
    settings: SettingsDep, now: Now,
) -> Response:  # fmt: skip
    """Let the worker import the body, or the files it names, and say where that can be watched."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()

    def work() -> Response:
        source = said.own_source
        wanted = _wanted(body, media_type, settings)
        if wanted is None:
            import_id = receive_upload(
                engine, body.path, name=f"$import{_ENDINGS.get(media_type, '')}", source=source, actor=actor.name,
                told={}, now=now,
            )  # fmt: skip
        else:
            folder = body.path.with_name(secrets.token_hex(16))
            import_id = receive_addresses(engine, folder, wanted, source=source, actor=actor.name, now=now)
            body.path.unlink()
        with engine.begin() as connection:
            record_access(connection, actor, "import.upload", None, f"import/{import_id}", now=now)
        address = f"{base(settings)}/$import/{import_id}"
        told = issue("informational", f"accepted; watch {address}", severity="information")
        text = json.dumps(outcome(told))
        return Answer(status=202, text=text, headers={"Content-Location": address}).response()

    return once_stored(retries, body, work)


def status(actor: CanWrite, said: WishDep, request: Request, engine: EngineDep, import_id: str) -> Response:
    """Say how far an import has come (202, `X-Progress`), or what became of it (200)."""
    check_params(request.query_params.multi_items())
    with engine.connect() as connection:
        row = _run(ledger.get_run(connection, _number(import_id)))
        parts = ledger.children(connection, row.id) or [row]
    if row.status in ("uploaded", "running"):
        items = sum(part.items_done for part in parts)
        progress = "waiting for the worker" if row.status == "uploaded" else f"{items} resources"
        return Answer(status=202, headers={"X-Progress": progress, "Retry-After": "5"}).response()
    return Answer(status=200, text=json.dumps(_summary(row), ensure_ascii=False)).response()


def cancel(actor: CanWrite, said: WishDep, request: Request, engine: EngineDep, now: Now, import_id: str) -> Response:
    """End an import at its next checkpoint; what was taken before stays."""
    check_params(request.query_params.multi_items())
    with engine.begin() as connection:
        row = _run(ledger.get_run(connection, _number(import_id)))
        if not ledger.request_cancel(connection, row.id, now):
            raise Conflict("this import has ended")
        record_access(connection, actor, "import.cancel", None, f"import/{row.id}", now=now)
    told = issue("informational", "it ends at its next checkpoint", severity="information")
    return Answer(status=202, text=json.dumps(outcome(told))).response()


def _wanted(body: Stored, media_type: str, settings: Settings) -> list[dict[str, str]] | None:
    """Return the files that the body names, None where the body is the file.

    Raises:
        BadRequest: these Parameters name none.
        Unprocessable: an address is not one that this site allows.
    """
    if body.size > _LONGEST_PARAMETERS or _ENDINGS.get(media_type) != ".json":
        return None
    content = body.path.read_bytes()
    if b'"Parameters"' not in content:
        return None
    value = parse(content)
    if value["resourceType"] != "Parameters":
        return None
    stated = value.get("parameter")
    found = [_input(each) for each in stated if isinstance(each, dict) and each.get("name") == "input"] if isinstance(
        stated, list
    ) else []  # fmt: skip
    if not 0 < len(found) <= fetching.MOST_FILES:
        raise BadRequest(f"Parameters with 1 to {fetching.MOST_FILES} parameters input, each with a part url")
    for number, (_, url) in enumerate(found):
        try:
            fetching.check(url, settings.import_hosts)
        except fetching.NotAllowed as error:
            raise Unprocessable(f"input[{number}]: {error}") from None
    return [{"url": url, "name": f"{kind}.{number}.ndjson"} for number, (kind, url) in enumerate(found)]


def _input(parameter: dict[str, Any]) -> tuple[str, str]:
    parts = parameter.get("part")
    named = {
        str(each.get("name")): next((each[name] for name in each if name.startswith("value")), None)
        for each in (parts if isinstance(parts, list) else ())
        if isinstance(each, dict)
    }
    kind, url = named.get("type", "Resource"), named.get("url")
    if not isinstance(url, str) or not isinstance(kind, str) or not (kind.isascii() and kind.isalpha()):
        raise BadRequest("each input has a part url, and may have a part type that is a resource type")
    return kind[:60], url


def _summary(row: Row[Any]) -> dict[str, Any]:
    told: list[dict[str, Any]] = [{"name": "status", "valueCode": row.status}]
    told += [{"name": name, "valueInteger": row.report[name]} for name in _COUNTS if name in row.report]
    rejects = row.report.get("rejects", [])[:_TOLD_REJECTS]
    if rejects:
        issues = [issue("processing", each["reason"], each["where"]) for each in rejects]
        told.append({"name": "rejects", "resource": outcome(*issues)})
    return {"resourceType": "Parameters", "parameter": told}


def _run(row: Row[Any] | None) -> Row[Any]:
    if row is None or "upload" not in row.options:
        raise NotFound("no such import")
    return row


def _number(import_id: str) -> int:
    return int(import_id) if import_id.isascii() and import_id.isdigit() and len(import_id) < 19 else 0
