"""Is this body too large? Said before a byte is read where its length is told, else at the byte that is too many."""

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twin.web.errors import BodyTooLarge, answer

MB = 1_000_000
SMALL_MB = 1  # forms and JSON commands


class BodyLimit:
    """Counts the bytes of each body against the bound of its path; nothing is gathered here.

    Args:
        bounds: (path, megabytes): the first that the path equals or lies under counts, else `SMALL_MB`.
    """

    def __init__(self, app: ASGIApp, *, bounds: Sequence[tuple[str, int]]) -> None:
        self._app = app
        self._bounds = tuple(bounds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a counted body, or answer 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        bound = self.bound(scope["path"])
        told = Headers(scope=scope).get("content-length", "")
        if told.isdecimal() and int(told) > bound:
            error = BodyTooLarge(_said(bound))
            refusal = answer(Request(scope), error.status_code, error.detail, headers=error.headers)
            await refusal(scope, receive, send)
            return
        seen = 0

        async def count() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > bound:
                raise BodyTooLarge(_said(bound))
            return message

        await self._app(scope, count, send)

    def bound(self, path: str) -> int:
        """Return how many bytes a body sent to this path may have."""
        fits = (mb for prefix, mb in self._bounds if path == prefix or path.startswith(prefix + "/"))
        return next(fits, SMALL_MB) * MB


def _said(bound: int) -> str:
    return f"the body is larger than the {bound // MB} MB that are taken here"
