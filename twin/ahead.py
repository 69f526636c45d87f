"""How does reading go on while what was read is being written? One thread reads ahead, a little.

Reading is Python's work, writing mostly the database's: the two overlap. The order stays, an error comes where it would
have come, and a consumer that stops early ends the thread.
"""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
_END = object()
DEPTH = 2  # pieces read and not yet taken


@contextmanager
def read_ahead(pieces: Iterator[T], depth: int = DEPTH) -> Iterator[Iterator[T]]:
    """Give `pieces` in their order, read in a thread of its own up to `depth` pieces ahead; it ends with the block."""
    waiting: queue.Queue[object] = queue.Queue(maxsize=depth)
    stop = threading.Event()

    def offer(piece: object) -> bool:
        while not stop.is_set():
            try:
                waiting.put(piece, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def read() -> None:
        try:
            for piece in pieces:
                if not offer(piece):
                    return
            offer(_END)
        except BaseException as error:  # it belongs to the consumer, whatever it is
            offer(_Failure(error))

    reader = threading.Thread(target=read, name="reading ahead", daemon=True)
    reader.start()
    try:
        yield _taken(waiting)
    finally:
        stop.set()
        reader.join()


class _Failure:
    """What reading ended with."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


def _taken(waiting: "queue.Queue[object]") -> Iterator[T]:
    while (piece := waiting.get()) is not _END:
        if isinstance(piece, _Failure):
            raise piece.error
        yield piece  # type: ignore[misc]  # what was put in is a T
