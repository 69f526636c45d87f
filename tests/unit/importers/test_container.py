"""What a path holds, and what is refused in it."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from twin.errors import UnreadableInput
from twin.importers.container import inputs

DICOM_HEAD = b"\0" * 128 + b"DICM"


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_an_archive_of_texts_gives_one_input_a_member_in_order_of_names(tmp_path: Path) -> None:
    found = list(inputs(zipped(tmp_path / "a.zip", {"b.json": b"{}", "a.json": b"[]"})))
    assert [(each.name.rpartition("!")[2], each.content) for each in found] == [("a.json", b"[]"), ("b.json", b"{}")]


def test_an_archive_with_dicom_is_one_ct_input(tmp_path: Path) -> None:
    path = zipped(tmp_path / "ct.zip", {"1.dcm": DICOM_HEAD, "2.dcm": DICOM_HEAD})
    assert [each.images for each in inputs(path)] == [path]


def test_a_member_that_leads_outside_is_refused_by_name(tmp_path: Path) -> None:
    (found,) = inputs(zipped(tmp_path / "evil.zip", {"../../etc/passwd": b"x"}))
    assert found.content is None
    assert found.refused == "the member's name leads outside the archive"


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo("big.json")
        info.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(info, "w", force_zip64=True) as member:
            for _ in range(520):
                member.write(b"\0" * 2**20)
    with pytest.raises(UnreadableInput, match="far more"):
        list(inputs(tmp_path / "bomb.zip"))


def test_a_damaged_archive_is_refused_not_raised(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.json": b"{}" * 500})
    path.write_bytes(path.read_bytes()[:60])
    (found,) = inputs(path)
    assert found.refused is not None


def test_a_tar_is_read_without_following_links(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("a.json")
        info.size = 2
        archive.addfile(info, io.BytesIO(b"{}"))
        link = tarfile.TarInfo("link.json")
        link.type = tarfile.SYMTYPE
        link.linkname = "/etc/passwd"
        archive.addfile(link)
    assert [each.content for each in inputs(path)] == [b"{}"]


def test_a_folder_gives_its_files_and_each_folder_of_images_once(tmp_path: Path) -> None:
    (tmp_path / "ct").mkdir()
    (tmp_path / "ct" / "1").write_bytes(DICOM_HEAD)
    (tmp_path / "ct" / "2").write_bytes(DICOM_HEAD)
    (tmp_path / "a.json").write_bytes(b"{}")
    found = list(inputs(tmp_path))
    assert [each.content for each in found if each.content] == [b"{}"]
    assert [each.images for each in found if each.images] == [tmp_path / "ct"]


def test_a_large_file_of_nothing_is_refused_without_being_read(tmp_path: Path) -> None:
    with (tmp_path / "big.json").open("wb") as handle:
        handle.truncate(2**30)
    (found,) = inputs(tmp_path / "big.json")
    assert found.refused == "larger than 512 MB"


def test_zeros_are_no_empty_archive(tmp_path: Path) -> None:
    (tmp_path / "zeros.json").write_bytes(b"\0" * 100_000)
    (found,) = inputs(tmp_path / "zeros.json")
    assert found.content == b"\0" * 100_000


def test_an_archive_without_members_is_refused(tmp_path: Path) -> None:
    (found,) = inputs(_empty_tar(tmp_path / "a.tar.xz"))
    assert found.refused == "an archive without members"


def _empty_tar(path: Path) -> Path:
    with tarfile.open(path, "w:xz") as archive:
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
    return path


def test_nothing_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="no such file"):
        list(inputs(tmp_path / "missing"))
    with pytest.raises(UnreadableInput, match="empty"):
        list(inputs(tmp_path))
