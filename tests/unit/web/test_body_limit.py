"""The body bound, byte by byte, with the application as a plain ASGI function."""

import asyncio
from collections.abc import Sequence

import pytest
from starlette.types import Message, Receive, Scope, Send

from twin.web.body_limit import MB, BodyLimit
from twin.web.errors import BodyTooLarge

BOUNDS = (("/api/v1/imports", 3), ("/fhir", 2))


def send_body(path: str, chunks: Sequence[int], told: str | None = None) -> tuple[list[int], list[Message]]:
    """Send chunks of these sizes; return the sizes that the application read, and what was answered."""
    read: list[int] = []
    sent: list[Message] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            read.append(len(message["body"]))
            if not message["more_body"]:
                return

    queue = [{"type": "http.request", "body": b"x" * n, "more_body": i < len(chunks) - 1} for i, n in enumerate(chunks)]

    async def receive() -> Message:
        return queue.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-length", told.encode())] if told is not None else []
    scope: Scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    scope |= {"server": ("localhost", 80), "scheme": "http", "state": {"request_id": "r", "language": "en"}}
    asyncio.run(BodyLimit(application, bounds=BOUNDS)(scope, receive, send))
    return read, sent


def test_a_body_of_exactly_the_bound_passes() -> None:
    assert send_body("/fhir", [MB, MB]) == ([MB, MB], [])


def test_one_byte_too_many_ends_the_reading() -> None:
    with pytest.raises(BodyTooLarge, match="2 MB"):
        send_body("/fhir", [MB, MB, 1])


@pytest.mark.parametrize("told", ["2000001", "999999999999999999999999"])
def test_a_length_beyond_the_bound_is_answered_before_a_byte_is_read(told: str) -> None:
    read, sent = send_body("/fhir", [1], told)
    assert read == []
    assert sent[0]["status"] == 413
    assert b"OperationOutcome" in sent[1]["body"]


@pytest.mark.parametrize("told", ["-1", "abc", "", "\u0663"])
def test_a_length_that_is_no_number_is_not_believed_and_the_bytes_are_counted(told: str) -> None:
    with pytest.raises(BodyTooLarge):
        send_body("/fhir", [2 * MB + 1], told)


@pytest.mark.parametrize(
    ("path", "bound"),
    [("/fhir", 2), ("/fhir/", 2), ("/fhirs", 1), ("/api/v1/imports", 3), ("/api/v1/imports/1", 3), ("/", 1)],
)
def test_the_bound_belongs_to_the_path(path: str, bound: int) -> None:
    async def nothing(scope: Scope, receive: Receive, send: Send) -> None: ...

    assert BodyLimit(nothing, bounds=BOUNDS).bound(path) == bound * MB
