"""Is this file the fitted model that was saved, whole and unchanged?

A model file is a zip of `manifest.json` (kind, version, size and SHA-256 of every other member), `card.json`,
`spec.json` and `arrays/NAME.npy`. Nothing is compressed: the same model is the same bytes on every machine, and a
file can't unfold to more than its size. Nothing is unpickled or unpacked to disk. The checksum tells damage, not who
made the file: take models from people you trust.
"""

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import TooLarge, UnreadableInput, UnsupportedVersion
from twin.forecast.plain_array import NotPlain, array_bytes, read_array

Json = dict[str, Any]  # what json.loads returns: values of every JSON type
Arrays = Mapping[str, NDArray[Any]]  # bool, integer or float, of any shape

FORMAT = "patient-twin-model"
FORMAT_VERSION = 1
MAX_BYTES = 512 * 2**20  # a hundred times the largest model we fit; it is held in memory while it is checked
MAX_MEMBERS = 10_000  # arrays of one model; the zip's own directory stays small
_HASH_DIGITS = 12  # of the content hash in a version: 48 bits tell a site's models apart
_MANIFEST, _CARD, _SPEC = "manifest.json", "card.json", "spec.json"
_ARRAY = ("arrays/", ".npy")
_NO_TIME = (1980, 1, 1, 0, 0, 0)  # the first a zip can tell: when it was saved is no part of the model


class NotAModelFile(UnreadableInput):
    """This is no model file."""


class DamagedModel(UnreadableInput):
    """The model file is damaged or was changed after it was saved."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFile:
    """A fitted model: what kind it is, how it was asked for, what was learnt, and the card that goes with it.

    `version` is the date it was made and the start of the hash of everything else; see `versioned`.
    """

    kind: str
    version: str
    spec: Json
    card: Json
    arrays: Arrays


def versioned(*, kind: str, spec: Json, card: Json, arrays: Arrays, made_on: date) -> ModelFile:
    """Return the model with its version: `YYYY.MM.DD-` and twelve hexadecimal digits of its content.

    Raises:
        ValueError: an array that is not bool, integer or float; a number in the card or spec that JSON has not.
    """
    digests = {name: sha256(data).hexdigest() for name, data in _members(spec, card, arrays).items()}
    version = _version(kind, digests, made_on.strftime("%Y.%m.%d"))
    return ModelFile(kind=kind, version=version, spec=spec, card=card, arrays=arrays)


def to_bytes(model: ModelFile) -> bytes:
    """Return the model as the bytes of its file; the same model gives the same bytes."""
    members = _members(model.spec, model.card, model.arrays)
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "kind": model.kind,
        "version": model.version,
        "members": {name: {"bytes": len(data), "sha256": sha256(data).hexdigest()} for name, data in members.items()},
    }
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in {_MANIFEST: _json_bytes(manifest), **members}.items():
            info = zipfile.ZipInfo(name, _NO_TIME)
            info.create_system = 3  # the same on every platform
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return out.getvalue()


def from_bytes(data: bytes) -> ModelFile:
    """Return the model that a file's bytes hold, every member checked against the manifest.

    Raises:
        NotAModelFile, UnsupportedVersion, TooLarge, DamagedModel: as they say.
    """
    if len(data) > MAX_BYTES:
        raise TooLarge(f"a model file has at most {MAX_BYTES} bytes, this one {len(data)}")
    if not zipfile.is_zipfile(BytesIO(data)):
        raise NotAModelFile("not a zip with the members of a model")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return _read(archive)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError) as error:
        raise DamagedModel(f"the zip can't be read: {type(error).__name__}") from error


def save(model: ModelFile, path: Path) -> str:
    """Write the model file whole or not at all, and return its SHA-256."""
    data = to_bytes(model)
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return sha256(data).hexdigest()


def load(path: Path) -> ModelFile:
    """Return the model in a file; raises as `from_bytes` does."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise TooLarge(f"a model file has at most {MAX_BYTES} bytes, this one {size}")
    return from_bytes(path.read_bytes())


def _members(spec: Json, card: Json, arrays: Arrays) -> dict[str, bytes]:
    named = {_array_member(name): array_bytes(np.asarray(arrays[name])) for name in sorted(arrays)}
    return {_CARD: _json_bytes(card), _SPEC: _json_bytes(spec), **named}


def _array_member(name: str) -> str:
    if not name or not name.replace("_", "").replace(".", "").isalnum() or not name.isascii() or ".." in name:
        raise ValueError("an array's name has letters, digits, _ and single dots only")
    return name.join(_ARRAY)


def _version(kind: str, digests: Mapping[str, str], made_on: str) -> str:
    content = _json_bytes({"kind": kind, "members": dict(digests)})
    return f"{made_on}-{sha256(content).hexdigest()[:_HASH_DIGITS]}"


def _json_bytes(value: Json) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1).encode()


def _read(archive: zipfile.ZipFile) -> ModelFile:
    infos = archive.infolist()
    names = [info.filename for info in infos]
    if _MANIFEST not in names:
        raise NotAModelFile(f"the zip has no {_MANIFEST}")
    if len(infos) > MAX_MEMBERS or len(set(names)) != len(names):
        raise DamagedModel("members are too many, or named twice")
    if any(info.compress_type != zipfile.ZIP_STORED for info in infos) or sum(i.file_size for i in infos) > MAX_BYTES:
        raise DamagedModel("members of a model file are stored as they are, not compressed")
    manifest = _manifest(_json_of(archive.read(_MANIFEST)))
    kind, version, members = manifest["kind"], manifest["version"], manifest["members"]
    if set(members) != set(names) - {_MANIFEST} or not {_CARD, _SPEC} <= set(members):
        raise DamagedModel("the members are not those of the manifest")
    content = {name: archive.read(name) for name in members}
    digests = {name: sha256(data).hexdigest() for name, data in content.items()}
    wrong = sorted(name for name in members if members[name] != {"bytes": len(content[name]), "sha256": digests[name]})
    if wrong:
        raise DamagedModel(f"the checksum of {ascii(wrong[0])[:80]} is not that of the manifest")
    if version != _version(kind, digests, version.partition("-")[0]):
        raise DamagedModel("the version is not that of the content")
    arrays = {name: _array(name, data) for name, data in content.items() if name not in (_CARD, _SPEC)}
    return ModelFile(
        kind=kind,
        version=version,
        spec=_json_of(content[_SPEC]),
        card=_json_of(content[_CARD]),
        arrays={name.removeprefix(_ARRAY[0]).removesuffix(_ARRAY[1]): array for name, array in arrays.items()},
    )


def _manifest(manifest: Json) -> Json:
    if manifest.get("format") != FORMAT:
        raise NotAModelFile(f"{_MANIFEST} is not of a model")
    if manifest.get("format_version") != FORMAT_VERSION:
        raise UnsupportedVersion(f"model files of format {FORMAT_VERSION} are taken, this one says another")
    is_whole = all(isinstance(manifest.get(key), str) for key in ("kind", "version"))
    if not is_whole or not isinstance(manifest.get("members"), dict):
        raise DamagedModel(f"{_MANIFEST} is incomplete")
    return manifest


def _json_of(data: bytes) -> Json:
    try:
        value = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise DamagedModel(f"a JSON member can't be read: {type(error).__name__}") from error
    if not isinstance(value, dict):
        raise DamagedModel("a JSON member is no object")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _array(member: str, data: bytes) -> NDArray[Any]:
    if not (member.startswith(_ARRAY[0]) and member.endswith(_ARRAY[1])):
        raise DamagedModel("a member that is no array")
    try:
        return read_array(data)
    except NotPlain as error:
        raise DamagedModel(f"an array can't be read: {error}") from error
