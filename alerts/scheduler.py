"""When is it time to look what is due? A heartbeat, nothing more: due dates are rows in the database, never timers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler


@dataclass(frozen=True, kw_only=True)
class Beat:
    """Something to run again and again; it must be safe to run late, twice or after a crash."""

    name: str
    every_seconds: float
    run: Callable[[], object]


class Heartbeat:
    """Runs each beat at its interval, at once at the start, never two of the same at a time.

    Beats missed while the machine slept run once. A beat that raises is told to `on_failure` and goes on beating.
    """

    def __init__(self, beats: Sequence[Beat], on_failure: Callable[[str, Exception], None]) -> None:
        self._on_failure = on_failure
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(max(1, len(beats)))},  # a slow beat holds up no other
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for beat in beats:
            self._scheduler.add_job(
                self._run,
                "interval",
                (beat,),
                seconds=beat.every_seconds,
                id=beat.name,
                next_run_time=datetime.now(UTC),
            )

    def start(self) -> None:
        """Start beating in a thread of its own."""
        self._scheduler.start()

    def stop(self) -> None:
        """Stop beating; returns when the beats under way have ended. Safe to call when it never started."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def _run(self, beat: Beat) -> None:
        try:
            beat.run()
        except Exception as error:  # the worker loop's broad catch: one failing beat must not stop the others
            self._on_failure(beat.name, error)
