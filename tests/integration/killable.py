"""A real worker that is killed (SIGKILL, by itself) the moment it is about to send a certain statement.

    python -m tests.integration.killable PATTERN     no PATTERN: nothing happens to it

Settings come from the environment. The program under test is not touched: SQLAlchemy's own event tells of statements.
"""

import os
import re
import signal
import sys

from sqlalchemy import event

from twin import compose
from twin.settings import settings


def main(pattern: str | None) -> None:
    running = compose.instance(settings(), migrated=False)
    if pattern:
        wanted = re.compile(pattern, re.IGNORECASE | re.DOTALL)

        @event.listens_for(running.engine, "before_cursor_execute")
        def watch(connection, cursor, statement, parameters, context, executemany):  # type: ignore[no-untyped-def]
            if wanted.search(f"{statement} {parameters}"):
                os.kill(os.getpid(), signal.SIGKILL)

    compose.run_worker(running)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
