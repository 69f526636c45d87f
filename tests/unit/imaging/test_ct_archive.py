"""Folders and archives: bounded, and nothing leaves them."""

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from imaging.archive import LIMITS, Limits, source_files
from imaging.errors import BadArchive, NoImages, TooLarge


def anything(head: bytes) -> bool:
    return True


def names(path: Path, limits: Limits = LIMITS) -> list[str]:
    return [source.name for source in source_files(path, limits, anything)]


def tar_with(path: Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def test_a_member_that_climbs_out_is_only_a_name(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    with zipfile.ZipFile(inside / "a.zip", "w") as archive:
        archive.writestr("../../climbed.dcm", b"x" * 200)
    tar_with(inside / "b.tar.xz", (tarfile.TarInfo("/etc/climbed.dcm"), b"y" * 200), mode="w:xz")
    assert names(inside / "a.zip") == ["climbed.dcm"]
    assert names(inside / "b.tar.xz") == ["climbed.dcm"]
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["a.zip", "b.tar.xz", "inside"]


def test_links_in_archives_are_passed_over(tmp_path: Path) -> None:
    link = tarfile.TarInfo("link.dcm")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
    assert names(tar_with(tmp_path / "a.tar", (link, b""), (tarfile.TarInfo("real.dcm"), b"1"))) == ["real.dcm"]
    zipped = zipfile.ZipInfo("link.dcm")
    zipped.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr(zipped, "/etc/hostname")
        archive.writestr("real.dcm", "1")
    assert names(tmp_path / "b.zip") == ["real.dcm"]


def test_a_link_out_of_the_folder_is_passed_over(tmp_path: Path) -> None:
    outside = tmp_path / "outside.dcm"
    outside.write_bytes(b"1")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "in.dcm").write_bytes(b"1")
    os.symlink(outside, folder / "out.dcm")
    os.symlink("in.dcm", folder / "same.dcm")
    assert names(folder) == ["in.dcm", "same.dcm"]


def test_what_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    small = Limits(bytes=1 << 20)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.dcm", b"\0" * (2 << 20))
    tar_with(tmp_path / "b.tar.xz", (tarfile.TarInfo("zeros.dcm"), b"\0" * (2 << 20)), mode="w:xz")
    for archive_path in (tmp_path / "a.zip", tmp_path / "b.tar.xz"):
        with pytest.raises(TooLarge, match="1 MiB"):
            names(archive_path, small)


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(4):
            archive.writestr(f"{number}.dcm", "1")
            (tmp_path / f"{number}.dcm").write_bytes(b"1")
    tar_with(tmp_path / "b.tar.gz", *[(tarfile.TarInfo(f"{n}.dcm"), b"1") for n in range(4)], mode="w:gz")
    for path in (tmp_path / "a.zip", tmp_path / "b.tar.gz", tmp_path):
        with pytest.raises(TooLarge, match="more than 3 files"):
            names(path, Limits(files=3))


def test_a_damaged_archive_is_said_to_be_damaged(tmp_path: Path) -> None:
    whole = tar_with(tmp_path / "a.tar.xz", (tarfile.TarInfo("1.dcm"), os.urandom(9000)), mode="w:xz").read_bytes()
    (tmp_path / "cut.tar.xz").write_bytes(whole[:4000])
    (tmp_path / "no.zip").write_bytes(b"this is no archive")
    for name in ("cut.tar.xz", "no.zip"):
        with pytest.raises(BadArchive):
            names(tmp_path / name)


def test_archives_in_a_folder_are_opened(tmp_path: Path) -> None:
    tar_with(tmp_path / "a.tar.gz", (tarfile.TarInfo("deep/1.dcm"), b"1"), mode="w:gz")
    (tmp_path / "notes.txt").write_text("no archive")
    assert names(tmp_path) == ["1.dcm", "notes.txt"]


def test_an_archive_is_known_by_its_bytes_whatever_its_name(tmp_path: Path) -> None:
    tar_with(tmp_path / "upload", (tarfile.TarInfo("1.dcm"), b"1"), mode="w:xz")
    assert names(tmp_path / "upload") == ["1.dcm"]


def test_a_path_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoImages, match="no such"):
        names(tmp_path / "nowhere")
