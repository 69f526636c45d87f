"""Does the process live, can it serve, and how much has it done? For probes and monitoring; no patient data."""

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from twin.store.readiness import counts, why_not_ready
from twin.web.deps import EngineDep, scope
from twin.web.measure import Requests, gauges

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def router(requests: Requests) -> APIRouter:
    """Return the routes; `requests` is what the process has counted."""
    made = APIRouter(include_in_schema=False)

    @made.get("/healthz")
    def healthz() -> Response:
        return JSONResponse({"status": "ok"})

    @made.get("/readyz")
    def readyz(engine: EngineDep) -> Response:
        why_not = why_not_ready(engine)
        return JSONResponse({"status": why_not or "ok"}, 503 if why_not else 200)

    @made.get("/metrics", dependencies=[Depends(scope("admin"))])
    def metrics(engine: EngineDep) -> Response:
        with engine.connect() as connection:
            told = [*requests.lines(), *gauges(counts(connection))]
        return PlainTextResponse("\n".join(told) + "\n", media_type=PROMETHEUS)

    return made
