"""Where does the decoded volume of a CT lie, so that a browser can fetch it? The web process only hands files out."""

import hashlib
from pathlib import Path

from twin.settings import Settings
from twin.store import instances
from twin.store.session import Connection

VOLUME, LABELS = "volume.nii.gz", "labels.nii.gz"


def file_of(connection: Connection, settings: Settings, study_id: int, name: str) -> Path | None:
    """Return a file of the kept volume of a series, None where the worker keeps none (any more)."""
    hashes = [row.sha256 for row in instances.of_series(connection, study_id)]
    if not hashes:
        return None
    path = _folder(settings.home_path, hashes) / name
    return path if path.is_file() else None


def _folder(home: Path, hashes: list[str]) -> Path:
    name = hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()
    return home / "volumes" / name[:2] / name
