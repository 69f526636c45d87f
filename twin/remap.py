"""What do the stored facts mean by the mappings of today? Derived again from what was received, which stays as it is.

Batch by batch in the order of ids, each in a transaction of its own. A fact that today's mapping has derived already
is passed over, so what was killed anywhere goes on where it stopped.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from twin.record.fact import Derived
from twin.record.quality import derive_kept, mapping_version
from twin.store import derived, mappings, records

_BATCH = 5_000  # facts in memory at a time


@dataclass(kw_only=True, slots=True)
class Remapped:
    """What a run found. `changes`: (signal or concept, what changed) to the number of facts."""

    version: str
    read: int = 0
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    patients: set[str] = field(default_factory=set)

    def to_json(self) -> dict[str, object]:
        """The report as `twin remap --json` prints it."""
        by_signal: dict[str, dict[str, int]] = {}
        for (signal, reason), count in sorted(self.changes.items()):
            by_signal.setdefault(signal, {})[reason] = count
        return {
            "version": self.version,
            "read": self.read,
            "changed": self.changes.total(),
            "patients": len(self.patients),
            "by_signal": by_signal,
        }


def waiting(engine: Engine, *, everything: bool = False) -> int:
    """Return how many facts a run would read."""
    with engine.connect() as connection:
        version = mapping_version(mappings.load(connection))
        return derived.count_other(connection, None if everything else version)


def remap(
    engine: Engine,
    *,
    now: datetime,
    everything: bool = False,
    on_progress: Callable[[int], None] = lambda done: None,
) -> Remapped:
    """Derive stored facts again, and mark the twins of those whose facts now say something else as stale.

    `everything`: also those that carry today's version. `on_progress` is told of each batch how many facts it had.
    """
    with engine.connect() as connection:
        local = mappings.load(connection)
    version = mapping_version(local)
    report = Remapped(version=version)
    after = 0
    while True:
        with engine.begin() as connection:
            batch = derived.read_batch(connection, after=after, version=None if everything else version, limit=_BATCH)
            if not batch:
                return report
            new = [(each, derive_kept(each.draft, source=each.source, local=local)) for each in batch]
            derived.write_derived(connection, [(each.id, made) for each, made in new if made != each.derived])
            changed = [(each, made, what) for each, made in new if (what := what_changed(each.derived, made))]
            touched = {each.patient_id for each, _, _ in changed}
            records.mark_stale(connection, touched, now)
        report.read += len(batch)
        report.patients |= touched
        report.changes.update((made.signal or each.derived.signal or "", what) for each, made, what in changed)
        after = batch[-1].id
        on_progress(len(batch))


def what_changed(old: Derived, new: Derived) -> str | None:
    """Return in one word what a fact says otherwise now, None where only the version differs."""
    if old.signal != new.signal:
        return "unmapped" if new.signal is None else "mapped" if old.signal is None else "moved"
    if old.quality != new.quality:
        return new.quality
    if (old.value, old.code) != (new.value, new.code):
        return "converted"
    return None
