"""A body of any size, written to the disk as it comes; whatever is not taken in the end leaves nothing behind."""

import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool

from twin.settings import Settings
from twin.web.errors import BadRequest
from twin.web.idempotency import Retries

BUFFER = 1_000_000  # bytes gathered between two writes


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A body that lies whole on the disk."""

    path: Path
    size: int


async def store_body(request: Request, settings: Settings) -> Stored:
    """Write the body to `TWIN_HOME/incoming` as it comes, a megabyte in memory; half a body leaves nothing.

    Raises:
        BadRequest: the body is empty.
    """
    folder = settings.home_path / "incoming"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / secrets.token_hex(16)
    try:
        size = await _write(request, path)
        if size == 0:
            raise BadRequest("the body is empty; send the file as it is")
    except BaseException:  # a cancelled request, too, leaves nothing behind
        path.unlink(missing_ok=True)
        raise
    return Stored(path=path, size=size)


def once_stored(retries: Retries, stored: Stored, work: Callable[[], Response]) -> Response:
    """Return the answer of `work` as `Retries.once` does; a body that `work` has not taken over is forgotten."""
    is_taken = False

    def tracked() -> Response:
        nonlocal is_taken
        answer = work()
        is_taken = True
        return answer

    try:
        return retries.once(_digest(stored.path) if retries.key is not None else "", tracked)
    finally:
        if not is_taken:
            stored.path.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def _write(request: Request, path: Path) -> int:
    """Write the body and return its size, on the disk for good before anybody is told that it was taken."""
    size, waiting = 0, bytearray()
    with path.open("xb") as file:
        async for chunk in request.stream():
            size += len(chunk)
            waiting += chunk
            if len(waiting) >= BUFFER:
                await run_in_threadpool(file.write, bytes(waiting))
                waiting.clear()
        await run_in_threadpool(_finish, file, bytes(waiting))
    return size


def _finish(file: BinaryIO, last: bytes) -> None:
    file.write(last)
    file.flush()
    os.fsync(file.fileno())
