"""What a process that loads no DICOM library asks of another one: each function here is run in a process of its own.

Damaged or hostile files are read there, too: what goes wrong there does not end the one that asked.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from imaging.errors import ImagingError, UndecodablePixels
from imaging.instance import Instance

_PATIENCE_S = 120.0


def instances(paths: Sequence[Path]) -> list[Instance | ImagingError]:
    """Return what each file says of itself, or why it can't be read."""
    read: list[Instance | ImagingError] = _asked(_instances, tuple(paths))
    return read


def metadata(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Return the header of each file as DICOM JSON.

    Raises: ImagingError where one can't be told.
    """
    told: list[dict[str, Any]] = _asked(_metadata, tuple(paths))
    return told


def rendered(path: Path, **look: Any) -> bytes:  # Any: the fields of `receive.shown.Look`
    """Return a frame as a picture; `look` is as in `receive.shown.Look`.

    Raises: ImagingError where there is none.
    """
    picture: bytes = _asked(_rendered, path, look)
    return picture


def _asked(work: Any, *arguments: Any) -> Any:
    try:
        return _readers().submit(work, *arguments).result(_PATIENCE_S)
    except (BrokenProcessPool, TimeoutError):
        _readers.cache_clear()
        raise UndecodablePixels("the file ended the process that read it") from None


@cache
def _readers() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"))


def _instances(paths: tuple[Path, ...]) -> list[Instance | ImagingError]:
    from imaging.receive.instance import read_instance

    found: list[Instance | ImagingError] = []
    for path in paths:
        try:
            found.append(read_instance(path))
        except ImagingError as error:
            found.append(error)
    return found


def _metadata(paths: tuple[Path, ...]) -> list[dict[str, Any]]:
    from imaging.receive.instance import metadata as told

    return [told(path) for path in paths]


def _rendered(path: Path, look: "dict[str, Any]") -> bytes:
    from imaging.receive.shown import Look
    from imaging.receive.shown import rendered as shown

    return shown(path, Look(**look))
