"""What the worker does: durable jobs on the database's own queue, and the clock that puts what is due into it.

Every job is idempotent. The clock only enqueues, and only where it holds the clock's advisory lock: of many workers
one is the clock. A job whose worker died is picked up again after `stalled_seconds` of silence.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Status
from procrastinate.types import JSONValue
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from alerts.channels.base import Channel
from alerts.deliver import DeliveryRule, deliver_once
from alerts.message import Recipient
from alerts.ports import Clock, Outbox, RecallStore
from alerts.remind import remind_once
from alerts.scheduler import Beat
from twin import advance, imports, pacs, readers, rescore, sweep, uploads
from twin.errors import Stopped
from twin.models import watching
from twin.models.shelf import Shelf
from twin.scan import learning, measuring, screening, volumes
from twin.settings import Settings
from twin.store import audit, forecasts, ledger, measurements, session, studies

LOG = logging.getLogger(__name__)
SHARD = 25  # patients a job: small enough to be shared among workers, large enough that the queue costs little
AT_ONCE = 250  # patients whose news a job takes in: seconds, before any whole twin is computed
SOONER = 10
LATER = -10  # priority of what nobody waits for: a CT that arrives meanwhile is screened before it
LANES = ("default", "import", "measure")  # a worker does one job of each at a time: a long one holds up no other
_LANE_OF = {  # all else is short
    "import": "import", "priors": "import", "measure": "measure", "learn": "measure", "drift": "measure",
}  # fmt: skip
_QUEUE_AGAIN = timedelta(minutes=5)  # a stale twin whose job vanished is queued again after this
_VIEW_KEPT = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What jobs work with; made by `twin.compose`."""

    engine: Engine
    settings: Settings
    recalls: RecallStore
    outbox: Outbox
    channels: dict[str, Channel]
    clock: Clock
    staff: Callable[[], tuple[Recipient, ...]]
    label: Callable[[str], str]
    """Patient id to what a reminder shows of the patient: the record number, never the name."""
    shelf: Shelf = field(default_factory=Shelf)
    """The fitted models this process has loaded."""


def make_app(connector: procrastinate.BaseConnector, tools: Tools) -> procrastinate.App:
    """Return the Procrastinate app with every job of the twin."""
    app = procrastinate.App(connector=connector)

    @app.task(name="rescore")
    def rescore_patients(patient_ids: list[str]) -> None:
        for patient_id in patient_ids:
            _rescore(tools, patient_id)

    @app.task(name="advance")
    def advance_patients(patient_ids: list[str]) -> None:
        for patient_id in patient_ids:
            _advance(tools, patient_id)

    @app.task(name="sweep")
    def sweep_shard(first: str, until: str | None) -> None:
        done = sweep.sweep(tools.engine, tools.settings, first, until, tools.clock.now())
        LOG.info("%s twins judged again, %s of them to be computed anew", done.judged, done.changed)

    @app.task(name="view")
    def view(patient_id: str, as_of: str) -> None:
        rescore.view(tools.engine, tools.settings, patient_id, datetime.fromisoformat(as_of), now=tools.clock.now())

    @app.task(name="screen")
    def screen(study_id: int) -> None:
        screening.screen(tools.engine, tools.settings, study_id, now=tools.clock.now())

    @app.task(name="measure", pass_context=True)
    def measure(context: procrastinate.JobContext, study_id: int) -> None:
        _measure(tools, study_id, context.should_abort)

    @app.task(name="import")
    def import_file(import_id: int) -> None:
        _import(tools, import_id)

    @app.task(name="priors")
    def priors(patient_id: str) -> None:
        pacs.retrieve_priors(tools.engine, tools.settings, patient_id, actor="worker", clock=tools.clock.now)

    @app.task(name="prune")
    def prune() -> None:
        dropped = volumes.prune(tools.settings.home_path, tools.settings.volume_cache_gb)
        if dropped:
            LOG.info("%s decoded volumes were dropped to keep the cache within its bound", dropped)

    @app.task(name="remind")
    def remind() -> None:
        policy = rescore.policy_of(tools.settings)
        done = remind_once(tools.recalls, tools.staff(), tuple(tools.channels), tools.clock, policy, label=tools.label)
        if done.muted.get("nobody_to_tell"):
            LOG.warning("%s recalls are due and nobody can be told: no coordinator has an account", done.muted)

    @app.task(name="deliver")
    def deliver() -> None:
        rule = DeliveryRule(lease=timedelta(seconds=tools.settings.delivery_lease_seconds))
        deliver_once(tools.outbox, tools.recalls, tools.channels, tools.clock, rule)

    @app.task(name="call-readers")
    def call_readers() -> None:
        done = readers.call_once(
            tools.engine, tuple(tools.channels), call_score=tools.settings.reader_call_score, label=tools.label,
            now=tools.clock.now(),
        )  # fmt: skip
        if done.nobody_to_tell:
            LOG.warning(
                "%s CT series should be read soon and nobody can be told: no reader has an account", done.nobody_to_tell
            )

    @app.task(name="learn")
    def learn() -> None:
        learning.learn_once(tools.engine, tools.settings, now=tools.clock.now())

    @app.task(name="drift")
    def drift() -> None:
        for version, verdict in watching.watch_once(tools.engine, tuple(tools.channels), now=tools.clock.now()).items():
            LOG.log(logging.WARNING if verdict == "drifted" else logging.INFO, "model %s: %s", version, verdict)

    @app.task(name="seal")
    def seal() -> None:
        with tools.engine.begin() as connection:
            audit.seal(connection, tools.clock.now())

    @app.task(name="seal-all")
    def seal_all() -> None:
        with tools.engine.begin() as connection:
            audit.seal(connection, tools.clock.now(), reach=None)

    @app.task(name="rescue")
    async def rescue() -> None:
        manager = app.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=tools.settings.stalled_seconds):
            LOG.warning("job %s (%s) lost its worker", job.id, job.task_name)
            assert job.id is not None
            if job.queueing_lock:  # the clock queues again what is still due; two of one lock can't both wait
                await manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)
            else:
                await manager.retry_job(job)

    return app


def beats(app: procrastinate.App, tools: Tools) -> tuple[Beat, ...]:
    """Return what the clock does: look for what is due and enqueue it."""
    LOG.info("the clock looks every %s s", tools.settings.beat_seconds)
    every = tools.settings.beat_seconds

    def stale() -> None:
        now = datetime.now(UTC)
        with tools.engine.begin() as connection:
            forecasts.age_out(connection, now, rescore.model_version(connection))
            waiting = forecasts.take_stale(connection, now, retry_after=_QUEUE_AGAIN, limit=5_000)
        for start in range(0, len(waiting), AT_ONCE):
            news: list[JSONValue] = [*waiting[start : start + AT_ONCE]]
            app.configure_task("advance", queue=LANES[0], priority=SOONER).defer(patient_ids=news)
        for start in range(0, len(waiting), SHARD):
            shard: list[JSONValue] = [*waiting[start : start + SHARD]]
            app.configure_task("rescore", queue=LANES[0]).defer(patient_ids=shard)

    def judged_long_ago() -> None:
        for first, until in sweep.due(tools.engine, tools.settings, tools.clock.now()):
            _once(app, "sweep", f"sweep/{first}", first=first, until=until)

    def views() -> None:
        with tools.engine.connect() as connection:
            pending = forecasts.pending_views(connection, 100)
        for patient_id, as_of in pending:
            moment = as_of.isoformat()
            _once(app, "view", f"view/{patient_id}/{moment}", patient_id=patient_id, as_of=moment)
        with tools.engine.begin() as connection:
            forecasts.drop_old_views(connection, datetime.now(UTC) - _VIEW_KEPT)

    def series() -> None:
        with tools.engine.connect() as connection:
            waiting = studies.queued(connection, 100, tools.clock.now())
            late = studies.backfilled(connection, waiting)
        for study_id in waiting:
            after = LATER if study_id in late else 0
            _once(app, "screen", f"screen/{study_id}", priority=after, study_id=study_id)
        with tools.engine.connect() as connection:
            screened = measurements.pending(connection, measuring.VERSION, 20)
        for study_id in screened:
            _once(app, "measure", f"measure/{study_id}", priority=LATER, study_id=study_id)

    def waiting_uploads() -> None:
        waiting = uploads.pending(tools.engine)
        with tools.engine.connect() as connection:
            late = ledger.backfilled(connection, waiting)
        for import_id in waiting:
            after = LATER if import_id in late else 0
            _once(app, "import", f"import/{import_id}", priority=after, import_id=import_id)

    def wanted_priors() -> None:
        if tools.settings.pacs_url is None:
            return
        with tools.engine.connect() as connection:
            waiting = studies.wanting_priors(connection, 100)
        for patient_id in waiting:
            _once(app, "priors", f"priors/{patient_id}", patient_id=patient_id)

    def due(name: str) -> Callable[[], None]:
        return lambda: _once(app, name, name)

    named: tuple[tuple[str, float, Callable[[], object]], ...] = (
        ("rescue", every, due("rescue")),
        ("stale", every, stale),
        ("sweep", max(every, 60.0), judged_long_ago),
        ("views", min(every, 2.0), views),
        ("series", every, series),
        ("uploads", min(every, 2.0), waiting_uploads),
        ("call-readers", min(every, 5.0), due("call-readers")),
        ("priors", max(every, 60.0), wanted_priors),
        ("prune", max(every, 60.0), due("prune")),
        ("learn", every, due("learn")),
        ("remind", every, due("remind")),
        ("deliver", every, due("deliver")),
        ("seal", min(every * 2, 30.0), due("seal")),
        ("seal-all", 86_400.0, due("seal-all")),
        ("drift", 86_400.0, due("drift")),
    )
    return tuple(
        Beat(name=name, every_seconds=seconds, run=_as_clock(tools.engine, name, run)) for name, seconds, run in named
    )


def note_failed_beat(name: str, error: Exception) -> None:
    """Record that a beat of the clock failed; it beats on."""
    LOG.error("the clock's %s failed: %s", name, type(error).__name__, exc_info=error)


def _advance(tools: Tools, patient_id: str) -> None:
    """Take a patient's news in; whatever keeps that from being done, the whole computation follows."""
    try:
        advance.advance(tools.engine, tools.settings, patient_id, now=tools.clock.now(), shelf=tools.shelf)
    except Exception:  # the worker loop's broad catch: one record must not stop the others
        LOG.exception("the news of patient %s could not be taken in by itself", patient_id)


def _rescore(tools: Tools, patient_id: str) -> None:
    """Rescore one patient; one that fails is noted on its twin, and the rest of the shard goes on."""
    try:
        rescore.rescore(
            tools.engine, tools.recalls, tools.settings, patient_id, now=tools.clock.now(), shelf=tools.shelf
        )
    except Exception as error:  # the worker loop's broad catch: one record must not stop the others
        LOG.exception("patient %s could not be rescored", patient_id)
        with tools.engine.begin() as connection:
            forecasts.note_error(connection, patient_id, type(error).__name__)


def _import(tools: Tools, import_id: int) -> None:
    """Import one upload; one that fails for a reason nobody foresaw ends as failed instead of being tried for ever."""
    try:
        imports.import_upload(tools.engine, tools.settings, import_id, tools.clock.now)
    except OperationalError:  # the database is away: the clock finds the upload again
        raise
    except Exception as error:  # the worker loop's broad catch: one file must not be taken up again and again
        LOG.exception("import %s could not be taken", import_id)
        imports.note_failed(tools.engine, import_id, type(error).__name__, tools.clock.now())


def _measure(tools: Tools, study_id: int, should_end: Callable[[], bool]) -> None:
    """Measure one series; one that fails for a reason nobody foresaw is noted instead of being tried for ever.

    It takes a minute: a worker that is told to end ends it at its next stage, and the clock queues it again.
    """

    def entering(stage: str) -> None:
        if should_end():
            raise Stopped(f"before {stage}")

    try:
        measuring.measure(tools.engine, tools.settings, study_id, now=tools.clock.now(), entering=entering)
    except Stopped as stopped:
        LOG.info("measuring study %s was ended %s; it is done again later", study_id, stopped)
    except OperationalError:  # the database is away: the clock finds the series again
        raise
    except Exception as error:  # the worker loop's broad catch: one series must not hold up the others
        LOG.exception("study %s could not be measured", study_id)
        measuring.note_failed(tools.engine, study_id, type(error).__name__, tools.clock.now())


def _once(app: procrastinate.App, task: str, lock: str, *, priority: int = 0, **arguments: JSONValue) -> None:
    """Enqueue a job unless the same one waits already; two of a name never run at once, but for the rescue itself."""
    held = None if task == "rescue" else lock  # a rescue that died must not lock out the next one
    try:
        lane = _LANE_OF.get(task, LANES[0])
        app.configure_task(task, queue=lane, queueing_lock=lock, lock=held, priority=priority).defer(**arguments)
    except AlreadyEnqueued:
        return


def _as_clock(engine: Engine, name: str, run: Callable[[], object]) -> Callable[[], object]:
    def guarded() -> None:
        with engine.connect() as connection, session.advisory_lock(connection, f"clock/{name}") as won:
            connection.commit()  # the lock is the session's, not the transaction's: don't sit idle in one
            if won:
                run()

    return guarded
