"""A real worker that is killed (SIGKILL, by itself) the moment it is about to send a certain statement.

    python -m tests.integration.killable [PATTERN ...]

The patterns are looked for one after the other, and it dies at the last; no PATTERN: nothing happens to it. Settings
come from the environment. The program under test is not touched: SQLAlchemy's own event tells of statements.
"""

import os
import re
import signal
import sys

from sqlalchemy import event

from twin import compose
from twin.settings import settings


def main(patterns: list[str]) -> None:
    running = compose.instance(settings(), migrated=False)
    if patterns:
        awaited = [re.compile(pattern, re.IGNORECASE | re.DOTALL) for pattern in patterns]

        @event.listens_for(running.engine, "before_cursor_execute")
        def watch(connection, cursor, statement, parameters, context, executemany):  # type: ignore[no-untyped-def]
            if awaited[0].search(f"{statement} {parameters}"):
                if len(awaited) == 1:
                    os.kill(os.getpid(), signal.SIGKILL)
                awaited.pop(0)

    compose.run_worker(running)


if __name__ == "__main__":
    main(sys.argv[1:])
