"""What was sent, how far it has come, what became of it, and what waits in quarantine."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from twin import quarantine
from twin.store import desk, ledger
from twin.store import quarantine as stored
from twin.web.dashboard.access import SeesImports, places
from twin.web.dashboard.render import render
from twin.web.deps import CsrfChecked, EngineDep, Now, SettingsDep, name_of, record_access
from twin.web.errors import NotFound

router = APIRouter()

SHOWN = 200  # rejects of one import on its page
TOGETHER = 2_000  # rejects tried again by one press; the rest by the next

Chosen = Annotated[str, Form(max_length=200, pattern=r"^[^\x00]*$")]
Reason = Annotated[str, Form(min_length=1, max_length=500, pattern=r"^[^\x00]*\S[^\x00]*$")]


@router.get("/imports", name="imports")
def imports(request: Request, user: SeesImports, engine: EngineDep) -> Response:
    """Return the latest imports; the files of an archive stand on its own page."""
    with engine.connect() as connection:
        found = desk.runs(connection)
        waiting = stored.waiting_count(connection)
    return render(request, "imports.html", user=user, places=places(user), found=found, waiting=waiting)


@router.get("/imports/{import_id}", name="import")
def one_import(
    request: Request, user: SeesImports, import_id: int, engine: EngineDep, part: Annotated[bool, Query()] = False
) -> Response:
    """Return how far one import has come and what became of every item; `part` is the moving part alone."""
    with engine.connect() as connection:
        run = ledger.get_run(connection, import_id) if 0 < import_id < 2**63 else None
        if run is None:
            raise NotFound("no such import")
        files = ledger.children(connection, import_id)
        rejects = stored.page(connection, stored.Filters(status=None, import_id=import_id), size=SHOWN)
        recalls = ledger.recall_states(connection, run.report.get("recalls_on_corrected_values", []))
    parts = files or [run]
    done = sum(each.bytes_done for each in parts)
    total = sum(each.bytes_total or 0 for each in parts)
    return render(
        request, "_import.html" if part else "import.html", user=user, places=places(user), run=run, files=files,
        rejects=rejects, recalls=recalls, items=sum(each.items_done for each in parts),
        percent=min(100, 100 * done // total) if total else None, most=SHOWN,
    )  # fmt: skip


@router.post("/imports/{import_id}/cancel", name="cancel_import", dependencies=[CsrfChecked])
def cancel(user: SeesImports, import_id: int, engine: EngineDep, now: Now) -> Response:
    """End an import at its next checkpoint, and go back to its page."""
    with engine.begin() as connection:
        if not 0 < import_id < 2**63 or ledger.get_run(connection, import_id) is None:
            raise NotFound("no such import")
        if ledger.request_cancel(connection, import_id, now):
            record_access(connection, user, "import.cancel", None, f"import/{import_id}", now=now)
    return RedirectResponse(f"/imports/{import_id}", HTTPStatus.SEE_OTHER)


@router.get("/quarantine", name="quarantine")
def waiting(
    request: Request, user: SeesImports, engine: EngineDep,
    tried: Annotated[int | None, Query(ge=0)] = None, settled: Annotated[int | None, Query(ge=0)] = None,
) -> Response:  # fmt: skip
    """Return what could not be used, by source and reason: sums, and where the first of each stood."""
    with engine.connect() as connection:
        found = stored.sums(connection)
    return render(request, "quarantine.html", user=user, places=places(user), found=found, tried=tried, settled=settled)


@router.post("/quarantine/replay", name="replay_quarantine", dependencies=[CsrfChecked])
def replay(
    user: SeesImports, engine: EngineDep, settings: SettingsDep, now: Now, source: Chosen, reason: Chosen
) -> Response:
    """Read rejects as they would be read today, and go back to the list with what became of them."""
    filters = stored.Filters(source=source, reason=reason)
    with engine.begin() as connection:
        ids = stored.ids(connection, filters)[:TOGETHER]
        record_access(connection, user, "quarantine.replay", None, "quarantine", detail={"rejects": len(ids)}, now=now)
    done = quarantine.replay(engine, settings, ids, actor=name_of(user), now=now)
    return RedirectResponse(f"/quarantine?tried={done.tried}&settled={len(done.settled)}", HTTPStatus.SEE_OTHER)


@router.post("/quarantine/dismiss", name="dismiss_quarantine", dependencies=[CsrfChecked])
def dismiss(user: SeesImports, engine: EngineDep, now: Now, source: Chosen, reason: Chosen, why: Reason) -> Response:
    """Set rejects of one source and reason aside for good, with a person's reason; what was received is kept."""
    with engine.begin() as connection:
        ids = stored.ids(connection, stored.Filters(source=source, reason=reason))
        count = stored.dismiss(connection, ids, actor=name_of(user), note=why, now=now)
        record_access(connection, user, "quarantine.dismiss", None, "quarantine", detail={"rejects": count}, now=now)
    return RedirectResponse("/quarantine", HTTPStatus.SEE_OTHER)
