"""An import that dies at a chosen point: between two checkpoints, or at the moment of a statement."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine

from twin.importers.report import Report


class Died(BaseException):
    """Nothing in the program may catch this: it stands for the end of the process."""


class _DiesAt:
    def __call__(self, checkpoint: int) -> Callable[[Report, int], None]:
        """Return a listener that dies when it hears of this checkpoint."""
        heard = 0

        def listen(report: Report, position: int) -> None:
            nonlocal heard
            heard += 1
            if heard == checkpoint:
                raise Died

        return listen

    @contextmanager
    def statement(self, engine: Engine, pattern: str, nth: int) -> Iterator[None]:
        """Die when facts are written for the nth time, in the middle of their transaction."""
        from sqlalchemy import event

        seen = 0

        def watch(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: Any) -> None:
            nonlocal seen
            if pattern in statement.lower():
                seen += 1
                if seen == nth:
                    raise Died

        event.listen(engine, "before_cursor_execute", watch)
        try:
            yield
        finally:
            event.remove(engine, "before_cursor_execute", watch)


dies_at = _DiesAt()
