"""`twin user` and `twin token`: who may sign in, and which programs may call."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from twin.cli.say import could_not
from twin.errors import TwinError
from twin.settings import settings

users = typer.Typer(help="Local accounts.", no_args_is_help=True)
tokens = typer.Typer(help="API tokens.", no_args_is_help=True)


@users.callback()
def users_root() -> None:
    """Local accounts."""


@tokens.callback()
def tokens_root() -> None:
    """API tokens."""


@users.command()
def add(
    username: Annotated[str, typer.Argument(help="Name to sign in with: a-z, 0-9 and . _ @ -")],
    role: Annotated[str, typer.Option(help="clinician, coordinator, reader, integrator or admin")],
    name: Annotated[str | None, typer.Option(help="Name shown on the pages.")] = None,
    email: Annotated[str | None, typer.Option(help="Where reminders go.")] = None,
    language: Annotated[str, typer.Option(help="en or zh_CN")] = "en",
    password: Annotated[
        str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True, envvar="TWIN_NEW_PASSWORD")
    ] = "",
) -> None:
    """Make an account; the password is asked for, or read from TWIN_NEW_PASSWORD."""
    from twin import compose
    from twin.store import accounts

    with could_not():
        running = compose.instance(settings())
        with running.engine.begin() as connection:
            made = accounts.create_user(
                connection,
                username=username,
                password=password,
                display_name=name or username,
                role=role,  # type: ignore[arg-type]  # create_user refuses an unknown role by name
                language=language,
                email=email,
            )
    typer.echo(f"{made.username} may sign in as {made.role}")


@users.command("password")
def change(
    username: Annotated[str, typer.Argument(help="Whose password.")],
    password: Annotated[
        str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True, envvar="TWIN_NEW_PASSWORD")
    ] = "",
) -> None:
    """Set a new password; every session of the account ends."""
    from twin import compose
    from twin.store import accounts

    with could_not():
        running = compose.instance(settings())
        with running.engine.begin() as connection:
            user = accounts.find_user(connection, username)
            if user is None:
                raise TwinError(f"no active account {username!r}")
            accounts.change_password(connection, user.id, password)
    typer.echo("changed")


@tokens.command()
def create(
    username: Annotated[str, typer.Argument(help="The account the token acts for.")],
    name: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[list[str], typer.Option(help="May be given several times, for example fhir.write")],
    days: Annotated[int, typer.Option(help="Days until it ends.")] = 90,
) -> None:
    """Print a new token once; only its hash is kept."""
    from twin import compose
    from twin.store import accounts, api_tokens

    now = datetime.now(UTC)
    with could_not():
        running = compose.instance(settings())
        with running.engine.begin() as connection:
            owner = accounts.find_user(connection, username)
            if owner is None:
                raise TwinError(f"no active account {username!r}")
            _, secret = api_tokens.create_token(
                connection, owner, name=name, scopes=scope, now=now, expires_at=now + timedelta(days=days)
            )
    typer.echo(secret)
