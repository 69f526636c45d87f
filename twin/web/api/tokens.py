"""Tokens for programs: make, list, revoke. Integrators keep their own; administrators see and end all."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from twin.store.accounts import User, find_user
from twin.store.api_tokens import ApiToken, create_token, list_tokens, revoke_token
from twin.store.session import Connection
from twin.web.deps import (
    CsrfHeaderChecked,
    CurrentActor,
    EngineDep,
    Now,
    record_access,
    require,
)
from twin.web.errors import Forbidden, NotFound
from twin.web.schemas import TokenAsked, TokenMade, TokenTold

router = APIRouter()

Keeper = Annotated[User, Depends(require("admin", "integrator"))]


@router.get("/tokens")
def listed(user: Keeper, engine: EngineDep) -> list[TokenTold]:
    """The caller's tokens; an administrator's list has those of all accounts."""
    with engine.connect() as connection:
        return [_told(token) for token in list_tokens(connection, _mine(user))]


@router.post("/tokens", status_code=201, dependencies=[CsrfHeaderChecked])
def make(asked: TokenAsked, user: Keeper, actor: CurrentActor, engine: EngineDep, now: Now) -> TokenMade:
    """A new token, within the scopes of its owner's role. Made in a session only: a token can't beget tokens."""
    with engine.begin() as connection:
        owner = _owner(connection, asked, user)
        token, secret = create_token(
            connection, owner, name=asked.name, scopes=asked.scopes, now=now, expires_at=asked.expires_at
        )
        detail = {"scopes": sorted(token.scopes), "owner": owner.username}
        record_access(connection, actor, "token.create", None, f"token/{token.id}", detail=detail, now=now)
    return TokenMade(**_told(token).model_dump(), token=secret)


@router.delete("/tokens/{token_id}", status_code=204, dependencies=[CsrfHeaderChecked])
def revoke(
    token_id: Annotated[int, Path(ge=1, lt=2**63)], user: Keeper, actor: CurrentActor, engine: EngineDep, now: Now
) -> Response:
    """End a token at once."""
    with engine.begin() as connection:
        if not revoke_token(connection, token_id, now=now, user_id=_mine(user)):
            raise NotFound("no such living token of yours")
        record_access(connection, actor, "token.revoke", None, f"token/{token_id}", now=now)
    return Response(status_code=204)


def _owner(connection: Connection, asked: TokenAsked, user: User) -> User:
    if asked.username is None or asked.username == user.username:
        return user
    if user.role != "admin":
        raise Forbidden("only an administrator makes tokens for another account")
    owner = find_user(connection, asked.username)
    if owner is None:
        raise NotFound("no such account")
    return owner


def _mine(user: User) -> int | None:
    """Whose tokens this person may see and end: None for all."""
    return None if user.role == "admin" else user.id


def _told(token: ApiToken) -> TokenTold:
    return TokenTold(
        id=token.id, name=token.name, scopes=sorted(token.scopes), created_at=token.created_at,
        expires_at=token.expires_at, revoked_at=token.revoked_at, last_used_at=token.last_used_at,
    )  # fmt: skip
