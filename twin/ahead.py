"""How does reading go on while what was read is being written? One thread reads ahead, a little.

Reading is Python's work, writing mostly the database's: the two overlap. The order stays, an error comes where it would
have come, and a consumer that stops early ends the thread.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")
_END = object()
DEPTH = 2  # pieces read and not yet taken


class Ahead(Generic[T]):
    """The pieces of an iterator in their order, read in a thread of its own up to `depth` pieces ahead.

    `make` gives the iterator, in that thread, so that opening it is ahead, too. Ends with `close`, or as a context.
    """

    def __init__(self, make: Callable[[], Iterator[T]], depth: int = DEPTH) -> None:
        self._make = make
        self._waiting: queue.Queue[object] = queue.Queue(maxsize=depth)
        self._stop = threading.Event()
        self._reader = threading.Thread(target=self._read, name="reading ahead", daemon=True)
        self._reader.start()

    def __iter__(self) -> Iterator[T]:
        while (piece := self._waiting.get()) is not _END:
            if isinstance(piece, _Failure):
                raise piece.error
            yield piece  # type: ignore[misc]  # what was put in is a T

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the thread, however much is left."""
        self._stop.set()
        self._reader.join()

    def _read(self) -> None:
        try:
            for piece in self._make():
                if not self._offer(piece):
                    return
            self._offer(_END)
        except BaseException as error:  # it belongs to the consumer, whatever it is
            self._offer(_Failure(error))

    def _offer(self, piece: object) -> bool:
        while not self._stop.is_set():
            try:
                self._waiting.put(piece, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False


class _Failure:
    """What reading ended with."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
