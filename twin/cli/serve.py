"""`twin migrate`, `twin serve`, `twin work`: the schema, the web process, the worker."""

from typing import Annotated

import typer

from twin.cli.say import could_not
from twin.settings import Settings, settings


def migrate() -> None:
    """Bring the database to the newest schema; nothing happens where it is there."""
    from twin import compose
    from twin.store import migrate as migrations

    with could_not():
        running = compose.instance(settings())
        typer.echo(f"the database is at revision {migrations.current(running.engine)}")


def serve(
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for every one.")] = "127.0.0.1",
) -> None:
    """Serve the dashboard and the APIs (one web process; never runs a model)."""
    from twin import compose
    from twin.web.app import create_app, server

    with could_not():
        running = compose.instance(settings())
        web = create_app(running.engine, _reached_at(running.settings, port))
    server(web, host=host, port=port).run()


def work() -> None:
    """Work: rescoring, screening, reminders, delivery and the clock. Start as many as there is work for."""
    from twin import compose

    with could_not():
        compose.run_worker(compose.instance(settings()))


def _reached_at(told: Settings, port: int) -> Settings:
    """Return the settings with the address that links point at: the port's own where the site has named none."""
    if "public_url" in told.model_fields_set:
        return told
    return told.model_copy(update={"public_url": f"http://127.0.0.1:{port}"})
