"""The web application put together: layers outside in, routes, errors. Everything concrete comes in as an argument."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from alerts.clock import SystemClock
from twin import __version__
from twin.settings import Settings
from twin.store.session import Engine
from twin.web import api, auth, dashboard, errors, health
from twin.web.access_log import RequestContext
from twin.web.api import dicomweb, fhir
from twin.web.body_limit import BodyLimit
from twin.web.dashboard.render import render
from twin.web.deps import CurrentActor
from twin.web.measure import Requests
from twin.web.security import KnownHosts, SecurityHeaders

STATIC = Path(__file__).parent / "static"


def create_app(engine: Engine, settings: Settings, *, clock: Callable[[], datetime] | None = None) -> FastAPI:
    """Return the application over this database; nothing is started and nothing written by making it."""
    app = FastAPI(title="patient-twin", version=__version__, openapi_url=None, docs_url=None, redoc_url=None)
    app.state.engine, app.state.settings = engine, settings
    app.state.clock = clock or SystemClock(zone=ZoneInfo(settings.time_zone)).now
    requests = Requests()
    _install_layers(app, settings, requests)
    errors.install(app, render)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.include_router(health.router(requests))
    app.include_router(auth.router)
    app.include_router(api.router, prefix="/api/v1")
    app.include_router(fhir.router, prefix="/fhir")
    app.include_router(dicomweb.router, prefix="/dicom-web")

    @app.get("/api/v1/openapi.json", include_in_schema=False)
    def openapi(actor: CurrentActor) -> dict[str, object]:
        return app.openapi()

    app.include_router(dashboard.router, include_in_schema=False)
    return app


def server(app: FastAPI, *, host: str, port: int) -> uvicorn.Server:
    """Return the server that runs the application; `.run()` serves until it is told to end.

    Our own log stands in for uvicorn's, which would write addresses with their query. The caller's address is believed
    from a proxy on this machine only.
    """
    config = uvicorn.Config(
        app, host=host, port=port, access_log=False, log_config=None, server_header=False,
        proxy_headers=True, forwarded_allow_ips="127.0.0.1", ws="none",
    )  # fmt: skip
    return uvicorn.Server(config)


def _install_layers(app: FastAPI, settings: Settings, requests: Requests) -> None:
    """Add the layers, innermost first: Starlette wraps each around those before it."""
    upload, body = settings.max_upload_mb, settings.max_body_mb
    bounds = (("/api/v1/imports", upload), ("/imports", upload), ("/fhir/$import", upload), ("/fhir", body),
              ("/dicom-web/studies", upload))  # fmt: skip
    app.add_middleware(BodyLimit, bounds=bounds)
    app.add_middleware(KnownHosts, public_url=settings.public_url)
    app.add_middleware(RequestContext, site_language=settings.language, requests=requests)
    app.add_middleware(SecurityHeaders, is_https=settings.cookies_are_secure)
