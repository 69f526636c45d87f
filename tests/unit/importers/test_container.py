"""What a path holds, and what is refused in it."""

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from twin.errors import TooLarge, UnreadableInput
from twin.importers.container import Input
from twin.importers.container import inputs as inputs_in
from twin.importers.content import Content

DICOM_HEAD = b"\0" * 128 + b"DICM"


def inputs(path: Path) -> list[Input]:
    """What a path holds, with what is in it read while the archive is open."""
    return [opened for opened, _ in read(path)]


def read(path: Path) -> list[tuple[Input, bytes | None]]:
    scratch = path.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    try:
        with inputs_in(path, scratch) as found:
            return [(each, each.content.read() if each.content else None) for each in list(found)]
    finally:
        assert not list(scratch.iterdir()), "what was unpacked is gone again"
        scratch.rmdir()


def texts(path: Path) -> list[tuple[str, bytes | None]]:
    return [(each.name.rpartition("!")[2], content) for each, content in read(path) if content is not None]


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_an_archive_of_texts_gives_one_input_a_member_in_order_of_names(tmp_path: Path) -> None:
    assert texts(zipped(tmp_path / "a.zip", {"b.json": b"{}", "a.json": b"[]"})) == [
        ("a.json", b"[]"),
        ("b.json", b"{}"),
    ]


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
    (found,) = inputs(tmp_path / "bomb.zip")
    assert found.refused == "the archive unpacks to far more than it holds"


def test_a_packed_bomb_ends_where_it_is_read(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "bomb.json.gz", "wb", compresslevel=9) as packed:
        for _ in range(520):
            packed.write(b"\0" * 2**20)
    with pytest.raises(TooLarge):
        inputs(tmp_path / "bomb.json.gz")


def test_a_damaged_packed_file_is_an_error_with_its_reason(tmp_path: Path) -> None:
    packed = gzip.compress(b"{}" * 100_000)
    (tmp_path / "a.json.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(UnreadableInput, match="damaged"):
        inputs(tmp_path / "a.json.gz")


def test_a_packed_file_reads_as_what_it_packs_also_in_an_archive(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"a,b"))
    assert texts(tmp_path / "a.csv.gz") == [(str(tmp_path / "a.csv"), b"a,b")]
    assert texts(zipped(tmp_path / "a.zip", {"b.csv.gz": gzip.compress(b"c,d")})) == [("b.csv", b"c,d")]


def test_an_archive_in_an_archive_is_read_two_deep_and_no_deeper(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"a.json": b"{}"}).read_bytes()
    middle = zipped(tmp_path / "middle.zip", {"inner.zip": inner}).read_bytes()
    assert texts(zipped(tmp_path / "outer.zip", {"inner.zip": inner})) == [("a.json", b"{}")]
    (deep,) = inputs(zipped(tmp_path / "deepest.zip", {"middle.zip": middle}))
    assert deep.refused == "archives within archives more than 2 deep"


def test_a_workbook_is_one_file_and_no_archive(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.xlsx", {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"})
    (found,) = inputs(path)
    assert found.content is not None
    assert found.content.base_name == "a.xlsx"


def test_files_come_by_rank_then_by_name_and_know_one_another(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"labs.csv": b"l", "Persons.csv": b"p", "concepts.csv": b"c"})
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def rank(content: Content) -> int:
        return 0 if content.head == b"p" else 1

    with inputs_in(path, scratch, rank) as inputs_found:
        found = [each.content for each in inputs_found if each.content is not None]
    assert [each.base_name for each in found] == ["persons.csv", "concepts.csv", "labs.csv"]
    assert sorted(found[0].beside()) == ["concepts.csv", "labs.csv", "persons.csv"]


def test_a_content_can_be_opened_again_and_again(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"abc")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with inputs_in(tmp_path / "a.txt", scratch) as inputs_found:
        (found,) = inputs_found
        assert found.content is not None
        assert found.content.read() == found.content.read() == b"abc"
        assert found.content.head == b"abc"
        with pytest.raises(TooLarge):
            found.content.read(limit=2)


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
    assert texts(path) == [("a.json", b"{}")]
    assert [each.refused for each in inputs(path) if each.refused] == ["a link or device in an archive"]


def test_a_folder_gives_its_files_and_each_folder_of_images_once(tmp_path: Path) -> None:
    (tmp_path / "ct").mkdir()
    (tmp_path / "ct" / "1").write_bytes(DICOM_HEAD)
    (tmp_path / "ct" / "2").write_bytes(DICOM_HEAD)
    (tmp_path / "a.json").write_bytes(b"{}")
    found = inputs(tmp_path)
    assert [each.content.base_name for each in found if each.content] == ["a.json"]
    assert [each.images for each in found if each.images] == [tmp_path / "ct"]


def test_zeros_are_no_empty_archive(tmp_path: Path) -> None:
    (tmp_path / "zeros.json").write_bytes(b"\0" * 100_000)
    assert [content for _, content in read(tmp_path / "zeros.json")] == [b"\0" * 100_000]


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
        inputs(tmp_path / "missing")
    with pytest.raises(UnreadableInput, match="empty"):
        inputs(tmp_path)
