"""What becomes of an image that came by C-STORE: kept before success is answered; an association is one import."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from sqlalchemy import Engine

from imaging.errors import ImagingError
from imaging.instance import Instance
from imaging.receive.instance import read_instance
from imaging.receive.listener import SUCCESS, Caller
from twin.arrivals import Arrivals, Came, Failure
from twin.scan import files
from twin.settings import Settings


@dataclass(kw_only=True)
class Associations:
    """The associations that are open, each with what it has brought."""

    engine: Engine
    settings: Settings
    clock: Callable[[], datetime]
    _open: dict[int, Arrivals] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, caller: Caller, content: bytes) -> int:
        """Keep one file and return the status of its C-STORE (PS3.4 B.2.3)."""
        try:
            files.check_room(self.settings, len(content))
        except files.OutOfSpace:
            return int(Failure.OUT_OF_RESOURCES)
        staged = files.stage(self.settings.home_path, io.BytesIO(content))
        try:
            (answer,) = self._of(caller).take([Came(staged=staged, read=_read(staged))])
        finally:
            files.forget(staged)
        return SUCCESS if answer.failure is None else int(answer.failure)

    def close(self, caller: Caller) -> None:
        """Write down what an association brought in all."""
        with self._lock:
            ended = self._open.pop(caller.association, None)
        if ended is not None:
            ended.close()

    def _of(self, caller: Caller) -> Arrivals:
        with self._lock:
            found = self._open.get(caller.association)
            if found is None:
                name, actor = f"C-STORE from {caller.title}", f"dicom:{caller.title}"
                found = Arrivals(engine=self.engine, settings=self.settings, name=name, actor=actor, clock=self.clock)
                self._open[caller.association] = found
        return found


def _read(staged: files.Staged) -> Instance | ImagingError:
    try:
        return read_instance(staged.path)
    except ImagingError as error:
        return error
