"""The real application behind a real server on a free port, and people and programs who call it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
from sqlalchemy import Engine, select

from twin.settings import Settings
from twin.store import tables
from twin.store.accounts import Role, User, create_user, find_user
from twin.store.api_tokens import create_token
from twin.store.web_sessions import Lifetime, find_session, open_session
from twin.web.app import create_app, server
from twin.web.caller import session_cookie
from twin.web.deps import CSRF_HEADER

PASSWORD = "correct horse battery"
LONG = Lifetime(idle=timedelta(days=1), absolute=timedelta(days=1))


@dataclass
class SetTime:
    """The application's clock, set by hand."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        """Let time pass."""
        self.at += timedelta(**by)


@dataclass(kw_only=True)
class Site:
    """A running application."""

    address: str
    engine: Engine
    settings: Settings
    clock: SetTime
    _clients: list[httpx.Client] = field(default_factory=list)

    def anybody(self, **headers: str) -> httpx.Client:
        """A caller without a session; redirects are not followed."""
        client = httpx.Client(base_url=self.address, headers=headers, timeout=30)
        self._clients.append(client)
        return client

    def user(self, role: Role, username: str | None = None) -> User:
        """The account of this role, made when first asked for."""
        name = username or role
        with self.engine.begin() as connection:
            return find_user(connection, name) or create_user(
                connection, username=name, password=PASSWORD, display_name=f"The {role}", role=role
            )

    def person(self, role: Role, *, csrf: bool = True) -> httpx.Client:
        """Somebody of this role, signed in; with `csrf` every request carries the token of the session."""
        user = self.user(role)
        with self.engine.begin() as connection:
            token = open_session(connection, user.id, now=self.clock.at, lifetime=LONG)
            session = find_session(connection, token, now=self.clock.at, lifetime=LONG)
        assert session is not None
        client = self.anybody(**({CSRF_HEADER: session.csrf_token} if csrf else {}))
        client.cookies.set(session_cookie(self.settings), token)
        return client

    def program(self, role: Role, *scopes: str) -> httpx.Client:
        """A program with a token of this role."""
        user = self.user(role)
        with self.engine.begin() as connection:
            _, secret = create_token(connection, user, name="test", scopes=scopes, now=self.clock.at)
        return self.anybody(Authorization=f"Bearer {secret}")

    def audit(self, **where: object) -> list[dict[str, object]]:
        """The audit rows whose columns have these values, oldest first."""
        table = tables.audit_event
        asked = select(table).where(*(table.c[name] == value for name, value in where.items())).order_by(table.c.id)
        with self.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(asked)]

    def count(self, table: str) -> int:
        """How many rows a table has."""
        with self.engine.connect() as connection:
            return len(connection.execute(select(tables.metadata.tables[table])).all())

    def close(self) -> None:
        """Hang up every caller."""
        for client in self._clients:
            client.close()


@contextmanager
def serving(engine: Engine, settings: Settings, now: datetime) -> Iterator[Site]:
    """Run the application over the database until the block ends."""
    clock = SetTime(now)
    running = server(create_app(engine, settings, clock=clock), host="127.0.0.1", port=0)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        while not running.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        port = running.servers[0].sockets[0].getsockname()[1]
        site = Site(address=f"http://127.0.0.1:{port}", engine=engine, settings=settings, clock=clock)
        yield site
        site.close()
    finally:
        running.should_exit = True
        thread.join()
