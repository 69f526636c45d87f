"""DICOMweb: what is sent is kept once and answered image by image, found by its keys, and given out as it came."""

import io
import re
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from pathlib import Path

import httpx
import pytest
from PIL import Image
from pydicom import dcmread
from sqlalchemy import Engine, select

from tests.builders import bundle, patient
from tests.dicom_sending import BOUNDARY, MULTIPART, body, changed, draw, stow, tiny, values
from tests.web_serving import Site, serving
from twin import intake
from twin.settings import Settings
from twin.store import people
from twin.store.tables import dicom_instance, import_reject, import_run, study


@pytest.fixture
def site(engine: Engine, settings: Settings, now: datetime) -> Iterator[Site]:
    told = settings.model_copy(update={"disk_free_gb": 0.0})
    with serving(engine, told, now) as running:
        yield running


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return draw(tmp_path_factory.mktemp("series"), tiny())


@pytest.fixture
def sender(site: Site) -> httpx.Client:
    return site.program("integrator", "import.write")


@pytest.fixture
def viewer(site: Site) -> httpx.Client:
    return site.program("clinician", "record.read")


@pytest.fixture
def whose(engine: Engine, now: datetime) -> str:
    intake.take_bundle(engine, bundle(patient()), source="h", actor="t", atomic=True, now=now)
    with engine.connect() as connection:
        return people.find_patient(connection, "1")


def files_kept(site: Site) -> list[Path]:
    return [path for path in (site.settings.home_path / "dicom").rglob("*") if path.is_file()]


def test_what_is_sent_is_kept_once_and_every_image_is_answered(
    site: Site, sender: httpx.Client, series: list[Path], whose: str
) -> None:
    first, again = stow(sender, series), stow(sender, series)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.headers["content-type"] == "application/dicom+json"
    told = values(first.json(), "00081199")
    assert [values(each, "00081155") for each in told] == [[dcmread(path).SOPInstanceUID] for path in series]
    assert len(values(again.json(), "00081199")) == len(series)
    assert site.count("dicom_instance") == len(series) == len(files_kept(site))
    with site.engine.connect() as connection:
        row = connection.execute(select(study)).one()
    assert (row.patient_id, row.status, row.described["files"]) == (whose, "queued", 3)
    assert row.quiet_at > row.received_at
    assert site.count("fact") == 1
    assert site.audit(action="import", patient_id=whose) != []


def test_other_content_under_a_known_uid_is_refused_and_kept_aside(
    site: Site, sender: httpx.Client, series: list[Path], tmp_path: Path
) -> None:
    stow(sender, series)
    answered = stow(sender, [changed(series[0], tmp_path / "x.dcm", SeriesDescription="another")])
    assert answered.status_code == 409
    (failed,) = values(answered.json(), "00081198")
    assert values(failed, "00081197") == [0x0111]
    with site.engine.connect() as connection:
        reject = connection.execute(select(import_reject)).one()
        kept = connection.execute(select(dicom_instance.c.sha256).order_by(dicom_instance.c.id)).scalars().all()
    assert reject.reason == "conflicting_image"
    assert Path(reject.body).read_bytes() == (tmp_path / "x.dcm").read_bytes()
    assert Path(reject.body).name not in kept


def test_a_request_with_good_and_bad_parts_is_answered_202_and_says_which(
    site: Site, sender: httpx.Client, series: list[Path], tmp_path: Path
) -> None:
    other = changed(series[1], tmp_path / "mr.dcm", Modality="MR")
    foreign = changed(series[2], tmp_path / "foreign.dcm", StudyInstanceUID="1.2.3")
    contents = [
        series[0].read_bytes(),
        other.read_bytes(),
        foreign.read_bytes(),
        b"hello",
        series[1].read_bytes()[:300],
    ]
    answered = sender.post(f"/dicom-web/studies/{tiny().study_uid}", content=body(contents), headers=MULTIPART)
    assert answered.status_code == 202
    told = answered.json()
    assert len(values(told, "00081199")) == 1
    assert [values(each, "00081197") for each in values(told, "00081198")] == [[0x0122], [0xA900]]
    assert [values(each, "00081197") for each in values(told, "0008119A")] == [[0xC000], [0xC000]]
    assert len(files_kept(site)) == site.count("dicom_instance") == 1


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"Content-Type": "application/dicom"}, b"x", 415),
        ({"Content-Type": "multipart/related; type=application/dicom"}, b"x", 415),
        ({"Content-Type": f"multipart/related; type=application/dicom+json; boundary={BOUNDARY}"}, b"x", 415),
        (MULTIPART, b"", 400),
        (MULTIPART, b"no part at all", 400),
        (MULTIPART, body([b"x" * 200])[:-20], 400),
    ],
)
def test_a_body_that_is_no_multipart_is_refused_and_leaves_nothing(
    site: Site, sender: httpx.Client, headers: dict[str, str], content: bytes, status: int
) -> None:
    answered = sender.post("/dicom-web/studies", content=content, headers=headers)
    assert answered.status_code == status
    assert answered.headers["content-type"] == "application/problem+json"
    assert files_kept(site) == []


def test_a_full_disk_is_said_and_nothing_is_kept(engine: Engine, settings: Settings, now: datetime,
                                                 series: list[Path]) -> None:  # fmt: skip
    full = settings.model_copy(update={"disk_free_gb": 1e9})
    with serving(engine, full, now) as site:
        answered = stow(site.program("integrator", "import.write"), series)
        assert answered.status_code == 507
        assert "free on the disk" in answered.json()["detail"]
        assert site.count("dicom_instance") == 0 == len(files_kept(site))


def test_an_image_of_another_patient_does_not_enter_the_series(
    site: Site, sender: httpx.Client, series: list[Path], tmp_path: Path
) -> None:
    stow(sender, series[:1])
    answered = stow(sender, [changed(series[1], tmp_path / "x.dcm", PatientID="2")])
    assert values(values(answered.json(), "00081198")[0], "00081197") == [0xA900]
    with site.engine.connect() as connection:
        assert connection.execute(select(import_reject.c.reason)).scalars().all() == ["two_patients"]


def test_studies_series_and_images_are_found_by_their_keys(
    site: Site, sender: httpx.Client, viewer: httpx.Client, series: list[Path], tmp_path: Path, whose: str
) -> None:
    stow(sender, [*series, *draw(tmp_path, tiny("77", seed=2, slices=2))])
    ours = tiny().study_uid

    def found(**keys: str) -> list[str]:
        answered = viewer.get("/dicom-web/studies", params=keys)
        assert answered.status_code in (200, 204), answered.text
        return [values(each, "0020000D")[0] for each in answered.json()] if answered.content else []

    assert len(found()) == 2
    assert found(PatientID="1") == found(**{"00100020": "1"}) == found(PatientID="1*", StudyDate="20260101-") == [ours]
    assert found(PatientID="1", StudyDate="-20251231") == found(ModalitiesInStudy="MR") == []
    assert len(found(PatientName="phantom*")) == 2
    assert found(StudyInstanceUID=f"{ours},1.2.3") == [ours]
    assert len(found(limit="1")) == 1 and found(limit="1") != found(limit="1", offset="1")

    (told,) = viewer.get("/dicom-web/studies", params={"StudyInstanceUID": ours}).json()
    assert values(told, "00201208") == [3] and values(told, "00080061") == ["CT"]
    (one_series,) = viewer.get(f"/dicom-web/studies/{ours}/series").json()
    assert values(one_series, "0020000E") == [tiny().series_uid] and values(one_series, "00201209") == [3]
    images = viewer.get(f"/dicom-web/studies/{ours}/series/{tiny().series_uid}/instances").json()
    assert [values(each, "00200013") for each in images] == [[1], [2], [3]]
    assert viewer.get("/dicom-web/instances", params={"InstanceNumber": "2", "PatientID": "1"}).json() == [images[1]]
    assert site.audit(action="dicom.find", patient_id=whose) != []


def test_a_key_that_can_t_be_asked_for_is_a_bad_request(viewer: httpx.Client) -> None:
    answered = viewer.get("/dicom-web/studies", params={"Colour": "green"})
    assert (answered.status_code, answered.headers["content-type"]) == (400, "application/problem+json")
    assert viewer.get("/dicom-web/studies", params={"limit": "0"}).status_code == 422


@pytest.mark.parametrize(
    "key",
    ["StudyDate=2026", "StudyDate=20261399", "StudyDate=20260101-2026", "StudyDate=-", "StudyTime=9", "00100030=1955"],
)
def test_a_date_that_nothing_can_match_is_a_bad_request(viewer: httpx.Client, key: str) -> None:
    answered = viewer.get(f"/dicom-web/studies?{key}")
    assert answered.status_code == 400 and "range" in answered.text


@pytest.mark.parametrize(
    "key", ["StudyDate=", "StudyDate=20260115", "StudyTime=101500.5-", "PatientBirthDate=-19991231"]
)
def test_a_date_a_time_and_their_ranges_may_be_asked_for(viewer: httpx.Client, key: str) -> None:
    assert viewer.get(f"/dicom-web/studies?{key}").status_code == 204


def test_images_come_back_byte_for_byte(
    site: Site, sender: httpx.Client, viewer: httpx.Client, series: list[Path], whose: str
) -> None:
    stow(sender, series)
    for address in (
        f"/dicom-web/studies/{tiny().study_uid}",
        f"/dicom-web/studies/{tiny().study_uid}/series/{tiny().series_uid}",
    ):
        answered = viewer.get(address, headers={"Accept": 'multipart/related; type="application/dicom"'})
        kind = answered.headers["content-type"]
        assert kind.startswith('multipart/related; type="application/dicom"; boundary=')
        boundary = re.search("boundary=(.+)", kind)[1].encode()  # type: ignore[index]
        parts = [
            each.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for each in answered.content.split(b"--" + boundary)
        ]
        assert [each for each in parts if each] == [path.read_bytes() for path in series]
    first = dcmread(series[0]).SOPInstanceUID
    alone = f"/dicom-web/studies/{tiny().study_uid}/series/{tiny().series_uid}/instances/{first}"
    assert viewer.get(alone, headers={"Accept": "application/dicom"}).content == series[0].read_bytes()
    assert viewer.get(alone, headers={"Accept": "text/html"}).status_code == 406
    assert viewer.get("/dicom-web/studies/1.2.3").status_code == 404
    assert [row["resource"] for row in site.audit(action="dicom.read", patient_id=whose)][:1] != []


def test_metadata_are_the_header_without_pixels(sender: httpx.Client, viewer: httpx.Client, series: list[Path]) -> None:
    stow(sender, series)
    told = viewer.get(f"/dicom-web/studies/{tiny().study_uid}/metadata")
    assert told.headers["content-type"] == "application/dicom+json"
    assert [values(each, "00080018") for each in told.json()] == [[dcmread(path).SOPInstanceUID] for path in series]
    assert all("7FE00010" not in each and values(each, "00280010") == [32] for each in told.json())


def test_a_frame_is_shown_in_the_window_that_is_asked_for(
    sender: httpx.Client, viewer: httpx.Client, series: list[Path]
) -> None:
    stow(sender, series)
    first = dcmread(series[0])
    address = f"/dicom-web/studies/{tiny().study_uid}/series/{tiny().series_uid}/instances/{first.SOPInstanceUID}"
    shown = viewer.get(f"{address}/rendered", params={"window": "40,400"}, headers={"Accept": "image/png"})
    assert shown.headers["content-type"] == "image/png"
    picture = Image.open(io.BytesIO(shown.content))
    hu = first.pixel_array[16, 16] + first.RescaleIntercept
    expected = min(max((hu - 39.5) / 399 + 0.5, 0), 1) * 255
    assert picture.size == (32, 32)
    assert abs(picture.getpixel((16, 16)) - expected) <= 1
    small = viewer.get(f"{address}/frames/1/rendered", params={"viewport": "16,16"})
    assert (small.headers["content-type"], Image.open(io.BytesIO(small.content)).size) == ("image/jpeg", (16, 16))
    assert viewer.get(f"{address}/frames/2/rendered").status_code == 404
    assert viewer.get(f"{address}/rendered", headers={"Accept": "video/mp4"}).status_code == 406


def test_who_may_not_read_or_send_is_refused(site: Site, series: list[Path]) -> None:
    assert stow(site.program("clinician", "record.read"), series).status_code == 403
    assert site.program("integrator", "import.write").get("/dicom-web/studies").status_code == 403
    assert site.anybody().get("/dicom-web/studies").status_code == 401
    assert site.count("dicom_instance") == 0


def test_a_report_is_kept_and_handed_to_the_import(
    site: Site, sender: httpx.Client, viewer: httpx.Client, tmp_path: Path
) -> None:
    path = changed(draw(tmp_path, tiny())[0], tmp_path / "sr.dcm", Modality="SR", SeriesInstanceUID="1.2.3.4",
                   SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33", SOPInstanceUID="1.2.3.4.5")  # fmt: skip
    dataset = dcmread(path)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.save_as(path, enforce_file_format=True)
    assert stow(sender, [path, path]).status_code == 200
    with site.engine.connect() as connection:
        waiting = connection.execute(select(import_run).where(import_run.c.status == "uploaded")).one()
        assert connection.execute(select(study.c.status)).scalar_one() == "kept"
    assert Path(waiting.options["upload"]["path"]).read_bytes() == path.read_bytes()
    assert len(viewer.get("/dicom-web/instances", params={"SOPInstanceUID": "1.2.3.4.5"}).json()) == 1


def test_a_multipart_reader_of_another_make_reads_the_answer(
    sender: httpx.Client, viewer: httpx.Client, series: list[Path]
) -> None:
    stow(sender, series)
    answered = viewer.get(f"/dicom-web/studies/{tiny().study_uid}")
    read = message_from_bytes(
        b"Content-Type: " + answered.headers["content-type"].encode() + b"\r\n\r\n" + answered.content
    )
    assert [part.get_content_type() for part in read.get_payload()] == ["application/dicom"] * 3  # type: ignore[union-attr]
