"""One import of anything a person points at: text formats go to `intake`, images to `scan`, one report for all.

An import is a row with the files it holds as rows under it. Killed anywhere, it goes on: files that are done are not
taken again, the one that was being taken goes on behind its last checkpoint.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from twin import intake, quarantine, uploads
from twin.errors import TwinError
from twin.fetching import Wanted, fetch
from twin.importers import pgs, recognise, table
from twin.importers.base import Context, Importer, Reject
from twin.importers.container import Input, inputs
from twin.importers.content import Content
from twin.importers.report import Fate, Report, Tally, from_json, of_fates
from twin.intake import Asked
from twin.record.genome import scoring as genome_scoring
from twin.record.genome.builds import named_in
from twin.scan import folder as images
from twin.settings import Settings
from twin.store import audit, ledger, people, scoring, session
from twin.store import quarantine as waiting_store
from twin.uploads import Told

MAPPING = "mapping.toml"
"""A file of this name says what the tables beside it mean, where the sender named no mapping."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far an import has come: the file being taken, the sums so far, and how much of the file is read."""

    import_id: int
    name: str
    report: Report
    """All files so far, the one being taken included."""
    bytes_done: int
    bytes_total: int


def import_path(
    engine: Engine, settings: Settings, path: Path, *, source: str, actor: str, clock: Callable[[], datetime],
    told: Told | None = None, on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Report:  # fmt: skip
    """Import every file of a file, folder or archive, and return what became of everything.

    Raises:
        UnreadableInput: nothing there.
        UnknownPatient: the named patient is nobody known here.
        UnknownKey: there is no such format or time zone.
        Cancelled: somebody cancelled it.
    """
    said = uploads.check(engine, told or Told())
    with _root(engine, path, source, actor, said, clock()) as import_id:
        whole = _Whole(
            engine=engine, settings=settings, import_id=import_id, source=source, actor=actor, told=said, clock=clock,
            on_progress=on_progress,
        )  # fmt: skip
        return whole.take(path)


@contextmanager
def _root(engine: Engine, path: Path, source: str, actor: str, told: Told, now: datetime) -> Iterator[int]:
    """Give the row of this import while it runs: one that was interrupted goes on, unless somebody else takes it."""
    options = {"told": asdict(told)}
    with engine.begin() as connection:
        begun = ledger.stopped_root(connection, source, str(path), options)
    if begun is not None:
        with session.held_lock(engine, f"import/{begun.id}") as won:
            if won:
                with engine.begin() as connection:
                    ledger.set_status(connection, begun.id, "running")
                yield int(begun.id)
                return
    with engine.begin() as connection:
        import_id = ledger.start_run(
            connection, source=source, name=str(path), file_hash="", actor=actor, now=now, options=options
        )
    with session.held_lock(engine, f"import/{import_id}"):
        yield import_id


def import_upload(engine: Engine, settings: Settings, import_id: int, clock: Callable[[], datetime]) -> None:
    """Import an uploaded file and close its row with the report. Killed anywhere, it is simply done again."""
    with engine.begin() as connection:
        run = ledger.get_run(connection, import_id)
        if run is None or run.status not in (uploads.WAITING, "running"):
            return
        ledger.set_status(connection, import_id, "running")
    upload = run.options["upload"]
    path = Path(upload["path"])
    whole = _Whole(
        engine=engine, settings=settings, import_id=import_id, source=run.source, actor=run.requested_by,
        told=Told(**upload["told"]), clock=clock,
        shown=("", "") if upload.get("stays") else (str(path), run.file_name),
        wanted=tuple(Wanted(**each) for each in upload.get("fetch", ())),
    )  # fmt: skip
    try:
        whole.take(path)
    except intake.AlreadyRunning:
        return  # the worker that holds it ends it
    except TwinError:
        pass  # the row says why
    if not upload.get("stays"):  # a backfill reads what lies elsewhere
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def note_failed(engine: Engine, import_id: int, why: str, now: datetime) -> None:
    """End an import that could not be taken for a reason nobody foresaw; what was sent stays where it lies."""
    report = _unreadable("the import", f"this instance failed over it ({why}); see its log").to_json()
    with engine.begin() as connection:
        ledger.finish_run(connection, import_id, status="failed", format_key=None, report=report, now=now)


def preview(settings: Settings, path: Path, told: Told, now: datetime) -> Iterator[tuple[str, Any]]:
    """Yield for each table in `path` how its first rows would be read; nothing is written.

    Raises:
        UnreadableInput: nothing there.
    """
    from twin.importers.table.preview import preview as of_table

    with inputs(path, _scratch(settings), _rank, knows_folder=True) as found:
        for each in found:
            if each.content is not None and recognise(each.content) is table.IMPORTER:
                beside = replace(told, mapping=told.mapping or _mapping_beside(each.content))
                yield each.name, of_table(each.content, context_of(settings, beside, now))


def context_of(settings: Settings, told: Told, now: datetime, knowledge: tuple[Any, ...] = ()) -> Context:
    """Return what formats are told of a source."""
    return Context(
        now=now, zone=uploads.zone(told.time_zone or settings.time_zone), is_shifted=told.is_shifted,
        mapping=told.mapping, sample=told.sample, patient=told.patient, knowledge=knowledge,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Next:
    """A file that is about to be taken: images, an opened file that is being read, or what became of it already."""

    name: str
    images: Path | None = None
    opened: intake.Opened | None = None
    report: Report | None = None

    @property
    def is_knowledge(self) -> bool:
        """True for a reference file, which files after it are read against."""
        return self.opened is not None and self.opened.importer is pgs.IMPORTER


@dataclass(kw_only=True)
class _Whole:
    """One request to import, and the files it holds."""

    engine: Engine
    settings: Settings
    import_id: int
    source: str
    actor: str
    told: Told
    clock: Callable[[], datetime]
    on_progress: Callable[[Progress], None] = lambda progress: None
    shown: tuple[str, str] = ("", "")
    """Our own path of an upload, and the sender's name for it, which is what a report tells."""
    wanted: tuple[Wanted, ...] = ()
    """Files that are fetched before they are taken."""

    def take(self, path: Path) -> Report:
        tally = Tally()
        status = "running"
        try:
            if self.wanted:
                fetch(self.wanted, path, self.settings)
            knows_folder = not self.shown[0]  # what lies beside an upload is another's
            with inputs(path, _scratch(self.settings), _rank, knows_folder=knows_folder) as found:
                self._files(found, tally)
            self._replay_unknown(tally)
            status = "done"
        except intake.Cancelled:
            status = "cancelled"
            raise
        except KeyboardInterrupt:
            status = "interrupted"
            raise
        except intake.AlreadyRunning:
            raise
        except TwinError as error:
            status = "failed"
            tally.add(_unreadable(self._named(str(path)), str(error)))
            raise
        finally:
            if status != "running":
                self._close(tally, status)
        return tally.report(self.import_id)

    def _files(self, found: Iterator[Input], tally: Tally) -> None:
        """Take every file in its order; while one is written the next is being read."""
        next_up: _Next | None = None
        try:
            for each in found:
                self._check_cancelled()
                if next_up is not None and next_up.is_knowledge:  # what comes after it is read with it
                    self._add(next_up, tally)
                    next_up = None
                now, next_up = next_up, self._open(each)
                if now is not None:
                    self._add(now, tally)
            if next_up is not None:
                self._add(next_up, tally)
                next_up = None
        finally:
            if next_up is not None and next_up.opened is not None:
                next_up.opened.close()

    def _add(self, found: "_Next", tally: Tally) -> None:
        tally.add(self._finish(found, tally), under="" if found.images is not None else f"{found.name}: ")

    def _open(self, each: Input) -> "_Next":
        """Begin with a file: look it up in the ledger and start to read it, or say what becomes of it at once."""
        name = self._named(each.name)
        if each.images is not None:
            return _Next(name=name, images=each.images)
        if each.refused is not None or each.content is None:
            return _Next(name=name, report=_unreadable("the file", each.refused or "empty"))
        content = Content(name=name, size=each.content.size, opener=each.content.opener, beside=each.content.beside)
        if content.base_name == MAPPING:
            return _Next(name=name, report=_noted("the file", "read as the mapping of the tables beside it"))
        try:
            with self.engine.connect() as connection:
                done = ledger.done_child(connection, self.import_id, name, content.sha256)
            if done is not None:
                return _Next(name=name, report=from_json(done.id, done.report))
            importer = uploads.importer(self.told.format_key) or recognise(content)
            asked = self._asked(content, importer)
            return _Next(name=name, opened=intake.open_file(self.engine, content, asked, importer=importer))
        except TwinError as error:
            return _Next(name=name, report=_unreadable("the file", str(error)))

    def _finish(self, found: "_Next", tally: Tally) -> Report:
        if found.images is not None:
            return images.receive(
                self.engine, self.settings, found.images, name=found.name, actor=self.actor,
                patient=self._patient(), now=self.clock(), parent_id=self.import_id,
            )  # fmt: skip
        if found.opened is None:
            assert found.report is not None
            return found.report
        content = found.opened.content
        try:
            report = intake.take_opened(
                self.engine, found.opened,
                on_progress=lambda report, bytes_done: self._tell(tally, content, report, bytes_done),
            )  # fmt: skip
            if found.is_knowledge:
                self._install(content)
            return report
        except (intake.Cancelled, intake.AlreadyRunning):
            raise
        except TwinError as error:
            return _unreadable("the file", str(error))

    def _install(self, content: Content) -> None:
        """Keep a polygenic scoring file: genomes that come from now on are scored by it."""
        with content.open() as file:
            score = genome_scoring.parse(file, content.sha256, named_in(self.told.mapping or ""))
        header = {"trait": score.trait, "build": score.build, "variants": score.variants}
        with self.engine.begin() as connection:
            scoring.install(
                connection, f"{score.id}/{score.build or 'rs'}", sha256=content.sha256, header=header,
                body=content.read(), actor=self.actor, now=self.clock(),
            )  # fmt: skip
            audit.append(
                connection, at=self.clock(), actor=self.actor, action="scoring.install", resource=f"score/{score.id}"
            )

    def _asked(self, content: Content, importer: Importer | None) -> Asked:
        with self.engine.connect() as connection:
            knowledge = scoring.load(connection)
            patient = people.find_patient(connection, self.told.patient) if self.told.patient else None
        told = replace(self.told, patient=patient, mapping=self.told.mapping or _mapping_beside(content))
        context = context_of(self.settings, told, self.clock(), knowledge)
        if importer is table.IMPORTER and table.declares_shifted(content, context):
            context = replace(context, is_shifted=True)
        return Asked(source=self.source, actor=self.actor, context=context, parent_id=self.import_id)

    def _patient(self) -> str | None:
        return self.told.patient

    def _tell(self, tally: Tally, content: Content, report: Report, bytes_done: int) -> None:
        sums = Tally()
        sums.add(tally.report(self.import_id))
        sums.add(report)
        self.on_progress(
            Progress(
                import_id=self.import_id, name=content.name, report=sums.report(self.import_id), bytes_done=bytes_done,
                bytes_total=content.size,
            )
        )  # fmt: skip

    def _replay_unknown(self, tally: Tally) -> None:
        """Try once more what named a patient who came later in the same import."""
        with self.engine.connect() as connection:
            waiting = waiting_store.waiting_under(connection, self.import_id, "unknown_patient")
        if not waiting or not tally.patients:
            return
        replayed = quarantine.replay(self.engine, self.settings, waiting, actor=self.actor, now=self.clock())
        taken = [(each.kind, Reject(where=each.place, reason=each.reason)) for each in replayed.settled]
        tally.settle(taken, replayed.report.facts)

    def _check_cancelled(self) -> None:
        with self.engine.connect() as connection:
            if ledger.is_cancelled(connection, self.import_id):
                raise intake.Cancelled

    def _close(self, tally: Tally, status: str) -> None:
        with self.engine.begin() as connection:
            report = tally.report(self.import_id).to_json()
            ledger.finish_run(
                connection, self.import_id, status=status, format_key=None, report=report, now=self.clock()
            )

    def _named(self, name: str) -> str:
        ours, theirs = self.shown
        return name.replace(ours, theirs) if ours else name


def _rank(content: Content) -> int:
    importer = recognise(content)
    return importer.order(content) if importer is not None else 0


def _scratch(settings: Settings) -> Path:
    folder = settings.home_path / "scratch"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _mapping_beside(content: Content) -> str | None:
    """The text of a `mapping.toml` in the same folder or archive."""
    found = content.beside().get(MAPPING)
    return found.read(1_000_000).decode("utf-8", "replace") if found is not None else None


def _noted(where: str, reason: str) -> Report:
    fate = Fate(where=where, kind="mapping", resource=where, outcome="not_used", reason=reason)
    return of_fates(None, (fate,), ())


def _unreadable(where: str, reason: str) -> Report:
    reject = Reject(where=where, reason="unreadable", detail=reason)
    fate = Fate(where=where, kind="file", resource=where, outcome="rejected", reason=reason)
    return of_fates(None, (fate,), (reject,))
