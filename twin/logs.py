"""What a log line holds: JSON, and of an error its type and the lines of code it passed - never its message.

A database driver quotes the row in its messages; patient values would stand in the log.
"""

import json
import logging
import traceback
from collections.abc import Callable
from datetime import UTC, datetime


class JsonLines(logging.Formatter):
    """A log record as one line of JSON: time, level, logger, message and what was passed as `extra={"fields": ...}`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; an exception is told by type and place."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "at": at,
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1]:
            line |= describe(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


def describe(error: BaseException) -> dict[str, object]:
    """Return an error without its message: its type, its causes' types, and the places in the code it passed."""
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    causes, cause = [], error.__cause__ or error.__context__
    while cause is not None:
        causes.append(type(cause).__qualname__)
        cause = cause.__cause__ or cause.__context__
    return {"error": type(error).__qualname__, "causes": causes, "passed": places[-12:]}


def log_to(handler: logging.Handler, level: int = logging.INFO) -> Callable[[], None]:
    """Write the lines of `twin` to a handler as JSON; the returned function takes it off again."""
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("twin")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(level)

    def stop() -> None:
        logger.removeHandler(handler)
        logger.setLevel(before)

    return stop
