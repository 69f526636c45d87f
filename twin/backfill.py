"""Many studies at once: each folder or archive under a path becomes an import that any worker takes, and goes on.

Rows are the whole state: a command or worker that is killed loses nothing, and the same command given again joins what
is under way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from twin.errors import UnreadableInput
from twin.importers.base import DEFAULT_SOURCE
from twin.store import ledger, studies
from twin.uploads import WAITING


@dataclass(frozen=True, kw_only=True, slots=True)
class Reached:
    """How far a backfill has come: imports, and the series they brought."""

    imports: int
    imported: int
    failed: int
    series: int
    waiting: int
    """Series that are still to be screened."""

    @property
    def is_done(self) -> bool:
        """True where nothing is left to do."""
        return self.imported + self.failed == self.imports and self.waiting == 0


def enter(engine: Engine, path: Path, *, actor: str, now: datetime) -> list[int]:
    """Return the imports of everything that lies directly under `path`; those under way where there are any.

    Raises:
        UnreadableInput: nothing there.
    """
    root = path.resolve()
    if not root.exists():
        raise UnreadableInput(f"no such file or folder: {path}")
    each = sorted(child for child in root.iterdir() if not child.name.startswith(".")) if root.is_dir() else [root]
    if not each:
        raise UnreadableInput(f"the folder is empty: {path}")
    with engine.begin() as connection:
        ledger.lock_tokens(connection, [f"backfill/{root}"])
        under_way = ledger.backfill_open(connection, str(root))
        if under_way:
            return under_way
        return [
            ledger.start_run(
                connection, source=DEFAULT_SOURCE, name=str(child), file_hash="", actor=actor, now=now, status=WAITING,
                options={"upload": {"path": str(child), "told": {}, "stays": True}, "backfill": str(root)},
            )
            for child in each
        ]  # fmt: skip


def reached(engine: Engine, imports: Sequence[int]) -> Reached:
    """Return how far these imports have come."""
    with engine.connect() as connection:
        states = ledger.statuses(connection, imports)
        series, waiting = studies.brought_by(connection, imports)
    imported = sum(state == "done" for state in states)
    open_ones = sum(state in (WAITING, "running") for state in states)
    return Reached(
        imports=len(states), imported=imported, failed=len(states) - imported - open_ones, series=series,
        waiting=waiting,
    )  # fmt: skip
