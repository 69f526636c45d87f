"""The one place where concrete things are made: database, queue, channels, clock - and handed down as arguments."""

import asyncio
import logging
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import procrastinate
from sqlalchemy import Engine

from alerts.channels import CHANNELS
from alerts.channels.base import Channel
from alerts.clock import SystemClock
from alerts.message import Recipient
from alerts.ports import Clock
from alerts.scheduler import Heartbeat
from twin.errors import ConfigurationError
from twin.forecast import motion
from twin.settings import Settings
from twin.store import migrate, people, session, staff
from twin.store.alerts import PostgresAlerts

if TYPE_CHECKING:
    from imaging.receive import listener
    from twin import jobs, mllp

LOG = logging.getLogger(__name__)
_GRACE_S = 1.0  # after the worker was told to stop: then long jobs end at their next stage, short ones are waited for


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A running instance's parts."""

    settings: Settings
    engine: Engine
    alerts: PostgresAlerts
    clock: Clock


def instance(settings: Settings, *, migrated: bool = True) -> Instance:
    """Connect to the database (starting the embedded one where none is named) and bring its schema to head."""
    motion.adopt(settings.dynamics)
    engine = session.connect(settings)
    if migrated:
        migrate.upgrade(engine)
    clock = SystemClock(zone=ZoneInfo(settings.time_zone))
    return Instance(settings=settings, engine=engine, alerts=PostgresAlerts(engine), clock=clock)


def channels(settings: Settings) -> dict[str, Channel]:
    """Return the channels that this site has set up: the inbox always, mail where a server is named."""
    chosen = _channel_settings(settings)
    return {kind.key: kind.open(chosen[kind.key]) for kind in CHANNELS if kind.key in chosen}


def run_worker(running: Instance) -> None:
    """Work until a signal says stop: jobs in this thread's loop, the clock beside it."""
    from twin import jobs  # what only the worker needs (models, imaging) is not loaded by the web process

    tools = _tools(running)
    address = running.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    app = jobs.make_app(procrastinate.PsycopgConnector(conninfo=address), tools)
    # the clock's threads enqueue by name, through a pool of their own: the worker's belongs to the worker's event loop
    enqueuing = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=address))
    with enqueuing.open(), _beating(enqueuing, tools), listening(running), receiving(running):
        LOG.info("working; reminders go by %s", ", ".join(tools.channels))
        asyncio.run(_work(app, jobs.LANES, running.settings))


async def _work(app: procrastinate.App, lanes: Sequence[str], settings: Settings) -> None:
    """Work in every lane until a signal says stop, or until one lane can't go on: then the whole process ends."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: Ctrl-C ends the loop there
            loop.add_signal_handler(number, stop.set)
    silence = settings.stalled_seconds
    async with app.open_async():
        working = [
            asyncio.create_task(
                app.run_worker_async(
                    queues=[lane],
                    name=lane,
                    concurrency=settings.worker_concurrency,
                    delete_jobs="successful",
                    fetch_job_polling_interval=1.0,
                    update_heartbeat_interval=silence / 3,
                    stalled_worker_timeout=silence,
                    shutdown_graceful_timeout=_GRACE_S,
                    install_signal_handlers=False,
                )
            )
            for lane in lanes
        ]
        await asyncio.wait([*working, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
        ended = [task for task in working if task.done()]
        for task in working:
            task.cancel()  # a worker that is cancelled finishes what it does first
        await asyncio.gather(*working, return_exceptions=True)
        for task in ended:
            task.result()  # raises what ended it
        if not stop.is_set():
            raise RuntimeError("a lane of the worker ended by itself: its line to the database was lost")


@contextmanager
def _beating(app: procrastinate.App, tools: "jobs.Tools") -> Iterator[None]:
    from twin import jobs

    clock = Heartbeat(jobs.beats(app, tools), on_failure=jobs.note_failed_beat)
    clock.start()
    try:
        yield
    finally:
        clock.stop()


@contextmanager
def listening(running: Instance) -> Iterator["mllp.Listener | None"]:
    """Take HL7 v2 messages over MLLP meanwhile, where a port is set; another worker on this machine may hold it.

    Raises:
        ConfigurationError: the port or the TLS files can't be had.
    """
    told = running.settings
    if told.mllp_port is None:
        yield None
        return
    from twin import messages, mllp

    def take(message: bytes) -> bytes:
        return messages.take_message(
            running.engine, told, message, source=told.mllp_source, actor="mllp", now=running.clock.now()
        )

    tls = None
    if told.mllp_certificate is not None and told.mllp_key is not None:
        tls = mllp.Tls(certificate=told.mllp_certificate, key=told.mllp_key, client_ca=told.mllp_client_ca)
    listener = mllp.serve(
        (told.mllp_host, told.mllp_port), take, tls=tls,
        refuse=lambda beginning: messages.refuse_message(beginning, running.clock.now()),
    )  # fmt: skip
    LOG.info("HL7 v2 messages are taken on port %s%s", listener.port, " (TLS)" if tls else "")
    try:
        yield listener
    finally:
        listener.stop()


@contextmanager
def receiving(running: Instance) -> Iterator["listener.Listener | None"]:
    """Take images by DICOM C-STORE meanwhile, where a port is set.

    Raises:
        ConfigurationError: the port or the TLS files can't be had.
    """
    told = running.settings
    if told.dicom_port is None:
        yield None
        return
    from imaging.receive import listener
    from twin.mllp import Tls
    from twin.storing import Associations

    tls = None
    if told.dicom_certificate is not None and told.dicom_key is not None:
        tls = Tls(certificate=told.dicom_certificate, key=told.dicom_key, client_ca=told.dicom_client_ca).context()
    associations = Associations(engine=running.engine, settings=told, clock=running.clock.now)
    try:
        started = listener.serve(
            (told.dicom_host, told.dicom_port), told.dicom_ae_title, associations.take, associations.close,
            callers=told.dicom_callers, tls=tls, most_bytes=told.dicom_max_mb * 1_000_000,
        )  # fmt: skip
    except OSError as error:
        raise ConfigurationError(f"DICOM can't listen on port {told.dicom_port} ({type(error).__name__})") from None
    LOG.info("images are taken on port %s as %s%s", started.port, told.dicom_ae_title, " (TLS)" if tls else "")
    try:
        yield started
    finally:
        started.stop()


def _tools(running: Instance) -> "jobs.Tools":
    from twin import jobs

    def everybody() -> tuple[Recipient, ...]:
        with running.engine.connect() as connection:
            return staff.recipients(connection)

    def label(patient_id: str) -> str:
        with running.engine.connect() as connection:
            return people.record_number(connection, patient_id)

    return jobs.Tools(
        engine=running.engine,
        settings=running.settings,
        recalls=running.alerts,
        outbox=running.alerts,
        channels=channels(running.settings),
        clock=running.clock,
        staff=everybody,
        label=label,
    )


def _channel_settings(settings: Settings) -> Mapping[str, Mapping[str, object]]:
    chosen: dict[str, Mapping[str, object]] = {"inbox": {}}
    if settings.smtp_host:
        chosen["email"] = {
            "host": settings.smtp_host,
            "port": settings.smtp_port,
            "security": settings.smtp_security,
            "sender": settings.smtp_from,
            "user": settings.smtp_user or "",
            "password": settings.smtp_password.get_secret_value() if settings.smtp_password else "",
            "link": f"{settings.public_url}/recalls/{{recall_id}}",
            "note_link": f"{settings.public_url}{{path}}",
        }
    return chosen
