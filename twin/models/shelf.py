"""The models that predict now, loaded once a process and again when others are put to use."""

import logging
from dataclasses import dataclass, field

from sqlalchemy import Connection

from twin.errors import UnreadableInput
from twin.forecast.calibrate import Recalibration, from_arrays
from twin.forecast.model_file import ModelFile
from twin.models.files import verified
from twin.store import models
from twin.store.models import Registered

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class InUse:
    """A model that predicts: what it is here, its file, and the lines its risks go through before anybody sees them."""

    registered: Registered
    file: ModelFile
    lines: Recalibration

    @property
    def is_shadow(self) -> bool:
        """Whether its numbers are kept and shown to nobody."""
        return self.registered.state == "shadow"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Loaded files by their SHA-256; one a process, so that a rescoring does not load them for every patient."""

    files: dict[str, ModelFile] = field(default_factory=dict)

    def in_use(self, connection: Connection) -> tuple[InUse, ...]:
        """Return the active and shadow models, by slot, the active one first. One that is damaged is left out."""
        wanted = models.in_use(connection)
        for gone in self.files.keys() - {each.sha256 for each in wanted}:
            del self.files[gone]
        found = []
        for each in wanted:
            if each.sha256 not in self.files:
                try:
                    self.files[each.sha256] = verified(connection, each)
                except UnreadableInput as error:
                    LOG.error("model %s does not predict: %s", each.version, error)
                    continue
            file = self.files[each.sha256]
            found.append(InUse(registered=each, file=file, lines=from_arrays(file.arrays)))
        return tuple(found)
