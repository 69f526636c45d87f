"""May a client send this again and again? With an `Idempotency-Key` the work is done once and its answer told again.

Source: draft-ietf-httpapi-idempotency-key-header. The key belongs to the caller, who is known and allowed before any
stored answer is looked for. Only answers that are final are stored: what failed by an error is done again.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request, Response

from twin.store import idempotency
from twin.store.session import Engine
from twin.web.deps import CurrentActor, EngineDep, Now
from twin.web.errors import BadRequest, Conflict, Unprocessable

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
_KEY = re.compile(r'"?([\x21\x23-\x5b\x5d-\x7e]{1,255})"?')  # a structured-field string, with or without its quotes
_SAID = ("if-match", "if-none-exist", "if-none-match", "prefer", "content-type")  # headers that change what is asked
_REPEATED = ("content-type", "location", "content-location", "etag", "last-modified", "x-import-id")


@dataclass(frozen=True, kw_only=True)
class Retries:
    """The key of one request, if it has one, and where answers are kept."""

    engine: Engine
    actor: str
    key: str | None
    asked: str
    now: datetime

    def once(self, digest: str, work: Callable[[], Response]) -> Response:
        """Return the answer of `work`, done once for each key; `digest` stands for the body.

        Raises:
            Unprocessable: the key was used for another request.
            Conflict: the first request of this key is still being worked on.
        """
        if self.key is None:
            return work()
        request_hash = hashlib.sha256(f"{self.asked}\n{digest}".encode()).hexdigest()
        with self.engine.begin() as connection:
            claim = idempotency.claim(connection, self.actor, self.key, request_hash, self.now)
        if claim == "other_request":
            raise Unprocessable(f"this {HEADER} was used for another request")
        if claim == "running":
            raise Conflict(f"the first request with this {HEADER} is still being worked on")
        if isinstance(claim, idempotency.Kept):
            return Response(claim.body, claim.status, {**claim.headers, REPLAYED: "true"})
        try:
            answer = work()
        except BaseException:
            with self.engine.begin() as connection:
                idempotency.give_back(connection, self.actor, self.key, self.now)
            raise
        with self.engine.begin() as connection:
            kept = _kept(answer)
            idempotency.keep(connection, self.actor, self.key, self.now, kept)
        return answer


def retries(request: Request, actor: CurrentActor, engine: EngineDep, now: Now) -> Retries:
    """Return what is known of this request's key.

    Raises:
        BadRequest: the key is not 1 to 255 printable characters.
    """
    stated = request.headers.get(HEADER)
    match = _KEY.fullmatch(stated) if stated is not None else None
    if stated is not None and match is None:
        raise BadRequest(f"{HEADER}: 1 to 255 printable ASCII characters without quotes and backslashes")
    asked = [request.method, request.url.path, request.url.query]
    asked += [f"{name}: {request.headers.get(name, '')}" for name in _SAID]
    key = match[1] if match else None
    return Retries(engine=engine, actor=actor.name, key=key, asked="\n".join(asked), now=now)


RetriesDep = Annotated[Retries, Depends(retries)]


def digest_of(content: bytes) -> str:
    """Return what stands for a body."""
    return hashlib.sha256(content).hexdigest()


def _kept(answer: Response) -> idempotency.Kept:
    headers = {name: value for name, value in answer.headers.items() if name in _REPEATED}
    return idempotency.Kept(status=answer.status_code, headers=headers, body=bytes(answer.body))
