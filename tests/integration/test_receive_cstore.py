"""C-STORE and C-ECHO: what a modality sends is kept before it is told so; who calls somebody else is turned away."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.sop_class import CTImageStorage, MRImageStorage, Verification
from sqlalchemy import Engine, select

from tests.dicom_sending import changed, draw, tiny
from twin import compose
from twin.errors import ConfigurationError
from twin.settings import Settings
from twin.store import studies
from twin.store.tables import dicom_instance, import_run, study


@contextmanager
def receiving(engine: Engine, settings: Settings, **told: Any) -> Iterator[int]:
    """A listener as the worker has it; gives its port."""
    settings = settings.model_copy(update={"dicom_port": 0, "disk_free_gb": 0.0, **told})
    running = compose.instance(settings, migrated=False)
    try:
        with compose.receiving(running) as listener:
            assert listener is not None
            yield listener.port
    finally:
        running.engine.dispose()


@contextmanager
def calling(port: int, *, called: str = "TWIN", calling: str = "SCANNER", **how: Any) -> Iterator[Association]:
    entity = AE(ae_title=calling)
    entity.add_requested_context(Verification)
    entity.add_requested_context(CTImageStorage)
    entity.add_requested_context(MRImageStorage)
    association = entity.associate("127.0.0.1", port, ae_title=called, **how)
    try:
        yield association
    finally:
        if association.is_established:
            association.release()
        entity.shutdown()


def send(port: int, paths: list[Path]) -> list[int]:
    with calling(port) as association:
        assert association.is_established
        return [association.send_c_store(dcmread(path)).Status for path in paths]


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return draw(tmp_path_factory.mktemp("series"), tiny())


def test_an_echo_is_answered(engine: Engine, settings: Settings) -> None:
    with receiving(engine, settings) as port, calling(port) as association:
        assert association.send_c_echo().Status == 0


def test_success_means_kept_and_the_same_again_changes_nothing(
    engine: Engine, settings: Settings, series: list[Path]
) -> None:
    with receiving(engine, settings) as port:
        assert send(port, series) == [0, 0, 0]
        assert send(port, series) == [0, 0, 0]
    with engine.connect() as connection:
        kept = connection.execute(select(dicom_instance)).all()
        runs = connection.execute(select(import_run).order_by(import_run.c.id)).all()
    places = [settings.home_path / "dicom" / row.sha256[:2] / row.sha256 for row in kept]
    assert {dcmread(place).SOPInstanceUID for place in places} == {dcmread(path).SOPInstanceUID for path in series}
    assert [(run.requested_by, run.report["imported"], run.report["duplicates"]) for run in runs] == [
        ("dicom:SCANNER", 3, 0), ("dicom:SCANNER", 0, 3),
    ]  # fmt: skip


def test_a_series_waits_until_it_has_been_quiet(engine: Engine, settings: Settings, series: list[Path]) -> None:
    with receiving(engine, settings, dicom_quiet_seconds=3600.0) as port:
        send(port, series)
    with engine.begin() as connection:
        row = connection.execute(select(study)).one()
        studies.give(connection, row.id, None)
        connection.execute(study.update().values(status="queued"))
        now = datetime.now(UTC)
        assert studies.queued(connection, 10, now) == []
        assert studies.queued(connection, 10, now + timedelta(hours=2)) == [row.id]


def test_an_image_that_is_too_large_is_answered_a700_and_one_without_end_is_cut_off(
    engine: Engine, settings: Settings, series: list[Path], tmp_path: Path
) -> None:
    def blow_up(rows: int) -> Path:
        image = dcmread(series[0])
        image.Rows, image.Columns = rows, 1000
        image.PixelData = bytes(rows * 1000 * 2)
        image.save_as(tmp_path / f"{rows}.dcm")
        return tmp_path / f"{rows}.dcm"

    with receiving(engine, settings, dicom_max_mb=1) as port:
        assert send(port, [blow_up(600), series[1]]) == [0xA700, 0]
        with calling(port) as association:
            line = association.dul.socket
            assert line is not None and line.socket is not None
            with closing(line.socket):  # the sender's library leaves a line that was cut to the garbage collector
                assert "Status" not in association.send_c_store(dcmread(blow_up(8000)))
        assert send(port, [series[2]]) == [0]
    with engine.connect() as connection:
        assert len(connection.execute(select(dicom_instance)).all()) == 2


def test_whoever_calls_another_title_or_is_not_named_is_turned_away(engine: Engine, settings: Settings) -> None:
    with receiving(engine, settings, dicom_callers=("SCANNER",)) as port:
        with calling(port, called="OTHER") as wrong:
            assert wrong.is_rejected
        with calling(port, calling="STRANGER") as stranger:
            assert stranger.is_rejected
        with calling(port) as known:
            assert known.is_established


def test_other_objects_are_not_accepted_and_bad_ones_get_a_reason(
    engine: Engine, settings: Settings, series: list[Path], tmp_path: Path
) -> None:
    other = changed(series[0], tmp_path / "other.dcm", SeriesDescription="another")
    no_study = changed(series[1], tmp_path / "no_study.dcm", StudyInstanceUID="")
    with receiving(engine, settings) as port:
        with calling(port) as association:
            assert [context.abstract_syntax for context in association.rejected_contexts] == [MRImageStorage]
        assert send(port, [series[0], other, no_study]) == [0, 0x0111, 0xA900]


def test_a_full_disk_is_out_of_resources(engine: Engine, settings: Settings, series: list[Path]) -> None:
    with receiving(engine, settings, disk_free_gb=1e9) as port:
        assert send(port, series[:1]) == [0xA700]
    with engine.connect() as connection:
        assert connection.execute(select(dicom_instance)).all() == []


def test_a_line_with_a_certificate_is_tls(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    trusting = ssl.create_default_context(cafile=certificate)
    trusting.check_hostname = False
    with receiving(engine, settings, dicom_certificate=certificate, dicom_key=key) as port:
        with calling(port, tls_args=(trusting, "twin")) as association:
            assert association.send_c_echo().Status == 0
        with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
            plain.sendall(b"\x01\x00" + bytes(200))  # how an association is asked for without TLS
            with suppress(ConnectionResetError):
                assert plain.recv(1) != b"\x02", "it is not accepted"


def test_a_port_that_is_taken_is_said(engine: Engine, settings: Settings) -> None:
    with (
        receiving(engine, settings) as port,
        pytest.raises(ConfigurationError, match="can't listen"),
        receiving(engine, settings, dicom_port=port),
    ):
        pass


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate of ours for this test, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    made = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "twin")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(made.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("twin")]), critical=False)
        .sign(made, hashes.SHA256())
    )
    certificate, key = folder / "twin.pem", folder / "twin.key"
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, key
