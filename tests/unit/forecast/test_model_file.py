import json
import zipfile
from collections.abc import Callable
from datetime import date
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from twin.errors import TooLarge, UnreadableInput, UnsupportedVersion
from twin.forecast import model_file
from twin.forecast.model_file import (
    DamagedModel,
    ModelFile,
    NotAModelFile,
    from_bytes,
    load,
    save,
    to_bytes,
    versioned,
)

DAY = date(2026, 11, 23)
Members = dict[str, bytes]


def model(**changed: object) -> ModelFile:
    given = {
        "kind": "hazards",
        "spec": {"endpoint": "death", "horizons": [2, 5]},
        "card": {"title": "Sterblichkeit, 死亡"},
        "arrays": {
            "weights": np.arange(6, dtype=np.float64).reshape(2, 3),
            "cuts": np.array([1, 2], dtype=np.int64),
            "is_log": np.array([True, False]),
            "scale": np.array(0.5),
        },
        "made_on": DAY,
    }
    return versioned(**(given | changed))  # type: ignore[arg-type]


def members(data: bytes) -> Members:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(content: Members, compression: int = zipfile.ZIP_STORED) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return out.getvalue()


def resigned(content: Members, **manifest: object) -> bytes:
    """The members with a manifest of true checksums, as somebody who writes such files by hand would make them."""
    old = json.loads(content["manifest.json"])
    others = {name: data for name, data in content.items() if name != "manifest.json"}
    digests = {name: {"bytes": len(data), "sha256": sha256(data).hexdigest()} for name, data in others.items()}
    version = model_file._version(old["kind"], {name: one["sha256"] for name, one in digests.items()}, "2026.11.23")
    new = old | {"members": digests, "version": version} | manifest
    return zipped({"manifest.json": json.dumps(new).encode(), **others})


def test_a_model_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    saved = model()
    path = tmp_path / "nafld.twin"
    digest = save(saved, path)
    loaded = load(path)
    assert digest == sha256(path.read_bytes()).hexdigest()
    assert (loaded.kind, loaded.version, loaded.spec, loaded.card) == (
        saved.kind,
        saved.version,
        saved.spec,
        saved.card,
    )
    assert loaded.arrays.keys() == saved.arrays.keys()
    for name, array in saved.arrays.items():
        np.testing.assert_array_equal(loaded.arrays[name], array, strict=True)
    assert [file.name for file in tmp_path.iterdir()] == ["nafld.twin"]


def test_the_same_model_is_the_same_bytes_in_any_order_of_its_parts() -> None:
    turned = model(spec={"horizons": [2, 5], "endpoint": "death"}, arrays=dict(reversed(list(model().arrays.items()))))
    fortran = model(arrays={**model().arrays, "weights": np.asfortranarray(model().arrays["weights"])})
    assert to_bytes(turned) == to_bytes(model()) == to_bytes(fortran)


@pytest.mark.parametrize(
    "changed",
    [{"kind": "joint"}, {"spec": {}}, {"card": {}}, {"arrays": {"scale": np.array(0.6)}}],
)
def test_the_version_follows_the_content(changed: dict[str, object]) -> None:
    assert model().version.startswith("2026.11.23-")
    assert model(**changed).version != model().version
    assert model(made_on=date(2027, 1, 2)).version == "2027.01.02-" + model().version.partition("-")[2]


def test_every_flipped_bit_is_noticed() -> None:
    data = to_bytes(model())
    random = np.random.default_rng(5)
    for place in random.choice(len(data), size=300, replace=False):
        changed = bytearray(data)
        changed[place] ^= 1 << int(random.integers(8))
        try:
            again = from_bytes(bytes(changed))
        except UnreadableInput:
            continue
        assert to_bytes(again) == data  # a bit of the zip's own bookkeeping: nothing of the model


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_torn_file_is_refused(share: float) -> None:
    data = to_bytes(model())
    with pytest.raises((NotAModelFile, DamagedModel)):
        from_bytes(data[: int(share * len(data))])


@pytest.mark.parametrize(
    "data",
    [b"", b"not a zip", zipped({"readme.txt": b"hello"}), zipped({"manifest.json": b'{"format": "other"}'})],
)
def test_a_foreign_file_is_refused(data: bytes) -> None:
    with pytest.raises(NotAModelFile):
        from_bytes(data)


def test_a_file_of_a_newer_format_is_refused_by_that_name() -> None:
    with pytest.raises(UnsupportedVersion):
        from_bytes(resigned(members(to_bytes(model())), format_version=2))


def test_an_oversized_file_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = to_bytes(model())
    (tmp_path / "big").write_bytes(data)
    monkeypatch.setattr(model_file, "MAX_BYTES", len(data) - 1)
    for read in (lambda: load(tmp_path / "big"), lambda: from_bytes(data)):
        with pytest.raises(TooLarge):
            read()


def test_what_unfolds_is_refused() -> None:
    bomb = members(to_bytes(model())) | {"arrays/zeros.npy": bytes(10_000_000)}
    with pytest.raises(DamagedModel, match="not compressed"):
        from_bytes(zipped(bomb, zipfile.ZIP_DEFLATED))


def npy(header: str, data: bytes = b"") -> bytes:
    padded = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded + data


def pickled() -> bytes:
    out = BytesIO()
    np.save(out, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return out.getvalue()


@pytest.mark.parametrize(
    "array",
    [
        pickled(),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -1), }", bytes(8)),
        npy("{'descr': '<U4', 'fortran_order': False, 'shape': (1,), }", bytes(16)),
        npy("{'descr': '<f8', 'fortran_order': True, 'shape': (1,), }", bytes(8)),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", bytes(9)),
        npy("__import__('os').getcwd()"),
        b"",
    ],
    ids=["pickle", "claims a terabyte", "negative", "words", "fortran", "a byte too many", "code", "empty"],
)
def test_an_array_that_is_not_plain_is_refused_though_its_checksum_is_right(array: bytes) -> None:
    with pytest.raises(DamagedModel):
        from_bytes(resigned(members(to_bytes(model())) | {"arrays/scale.npy": array}))


@pytest.mark.parametrize("name", ["../evil.npy", "/etc/passwd", "arrays/../../x.npy.exe", "notes.txt"])
def test_a_member_outside_its_place_is_refused_and_nothing_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(DamagedModel):
        from_bytes(resigned(members(to_bytes(model())) | {name: b"x"}))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content | {"extra.json": b"{}"},
        lambda content: {name: data for name, data in content.items() if name != "card.json"},
        lambda content: content | {"spec.json": b"{}"},
        lambda content: content | {"manifest.json": b"{" * 100_000},
        lambda content: content | {"manifest.json": b"[]"},
        lambda content: content | {"manifest.json": b'{"format": "patient-twin-model", "format_version": 1}'},
    ],
    ids=["a member more", "one less", "one changed", "deep manifest", "a list", "half a manifest"],
)
def test_members_that_are_not_those_of_the_manifest_are_refused(change: Callable[[Members], Members]) -> None:
    with pytest.raises(DamagedModel):
        from_bytes(zipped(change(members(to_bytes(model())))))


def test_a_version_that_is_not_of_the_content_is_refused() -> None:
    with pytest.raises(DamagedModel, match="version"):
        from_bytes(resigned(members(to_bytes(model())), version="2026.11.23-000000000000"))


@pytest.mark.parametrize(
    "changed",
    [
        {"arrays": {"words": np.array(["a"])}},
        {"arrays": {"things": np.array([None])}},
        {"arrays": {"../up": np.array(1.0)}},
        {"card": {"auc": float("nan")}},
    ],
)
def test_what_can_not_be_kept_is_refused_when_it_is_made(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"array|JSON"):
        model(**changed)
