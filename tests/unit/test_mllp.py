"""The MLLP listener, on real sockets."""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import ConfigurationError
from twin.mllp import Bounds, Frames, Listener, Take, Tls, serve

HOST = "127.0.0.1"


def echo(message: bytes) -> bytes:
    return b"ACK " + message


def framed(message: bytes) -> bytes:
    return b"\x0b" + message + b"\x1c\r"


@contextmanager
def running(take: Take = echo, **more: object) -> Iterator[Listener]:
    listener = serve((HOST, 0), take, **more)  # type: ignore[arg-type]
    try:
        yield listener
    finally:
        listener.stop()


def connect(listener: Listener) -> socket.socket:
    return socket.create_connection((HOST, listener.port), timeout=10)


def answers(connection: socket.socket, count: int) -> list[bytes]:
    kept = b""
    while kept.count(b"\x1c\r") < count:
        piece = connection.recv(65_536)
        if not piece:
            break
        kept += piece
    return [each.removeprefix(b"\x0b") for each in kept.split(b"\x1c\r")[:-1]]


def received(connection: socket.socket) -> bytes:
    """What comes, b"" where the other side closed."""
    try:
        return connection.recv(100)
    except ConnectionResetError:
        return b""


def until(is_so: Callable[[], bool]) -> bool:
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        if is_so():
            return True
        time.sleep(0.01)
    return False


def test_a_message_is_answered_on_its_connection() -> None:
    with running() as listener, connect(listener) as connection:
        connection.sendall(framed(b"MSH|1"))
        assert answers(connection, 1) == [b"ACK MSH|1"]


def test_messages_sent_at_once_are_answered_in_order() -> None:
    with running() as listener, connect(listener) as connection:
        connection.sendall(b"".join(framed(b"%d" % number) for number in range(50)))
        assert answers(connection, 50) == [b"ACK %d" % number for number in range(50)]


def test_a_message_may_arrive_byte_by_byte() -> None:
    with running() as listener, connect(listener) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in framed(b"MSH|slow"):
            connection.sendall(bytes([byte]))
        assert answers(connection, 1) == [b"ACK MSH|slow"]


def test_garbage_between_messages_is_passed_over_and_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), running() as listener, connect(listener) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n" + framed(b"a") + b"\r\n\r\n" + framed(b"b"))
        assert answers(connection, 2) == [b"ACK a", b"ACK b"]
    assert [record.getMessage() for record in caplog.records] == [
        f"mllp: {HOST} sent 18 bytes that are no message (garbage)"
    ]


def test_a_message_given_up_for_a_new_one_is_not_taken() -> None:
    taken: list[bytes] = []
    with running(lambda message: taken.append(message) or b"ok") as listener, connect(listener) as connection:  # type: ignore[func-returns-value]
        connection.sendall(b"\x0bhalf" + framed(b"whole"))
        assert answers(connection, 1) == [b"ok"]
    assert taken == [b"whole"]


def test_a_client_that_dies_within_a_message_leaves_nothing_taken() -> None:
    taken: list[bytes] = []
    with running(lambda message: taken.append(message) or b"ok") as listener:  # type: ignore[func-returns-value]
        with connect(listener) as connection:
            connection.sendall(b"\x0bMSH|half")
        assert until(lambda: listener.connections == 0)
        with connect(listener) as connection:
            connection.sendall(framed(b"next"))
            assert answers(connection, 1) == [b"ok"]
    assert taken == [b"next"]


def test_a_sender_that_trickles_is_closed() -> None:
    with running(bounds=Bounds(message_seconds=0.6)) as listener, connect(listener) as connection:
        connection.sendall(b"\x0bM")
        started = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - started < 10:
                connection.sendall(b"x")
                time.sleep(0.1)
        assert until(lambda: listener.connections == 0)


def test_a_silent_sender_is_closed_after_its_time() -> None:
    with running(bounds=Bounds(idle_seconds=0.2)) as listener, connect(listener) as connection:
        assert received(connection) == b""


def test_a_message_over_the_bound_is_refused_and_the_next_one_taken() -> None:
    refused: list[bytes] = []
    bounds = Bounds(message_bytes=10_000)
    with (
        running(bounds=bounds, refuse=lambda head: refused.append(head) or b"AR") as listener,  # type: ignore[func-returns-value]
        connect(listener) as connection,
    ):
        connection.sendall(framed(b"MSH|" + b"x" * 300_000) + framed(b"short"))
        assert answers(connection, 2) == [b"AR", b"ACK short"]
    assert refused == [b"MSH|" + b"x" * 1_996]


def test_connections_over_the_bound_are_turned_away() -> None:
    with running(bounds=Bounds(connections=1)) as listener, connect(listener) as first:
        first.sendall(framed(b"1"))
        assert answers(first, 1) == [b"ACK 1"]
        with connect(listener) as second:
            assert received(second) == b""
        first.sendall(framed(b"2"))
        assert answers(first, 1) == [b"ACK 2"]


def test_a_message_that_can_not_be_taken_is_not_answered_and_the_listener_lives_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def take(message: bytes) -> bytes:
        if message == b"Muster^Erika":
            raise ValueError("Muster^Erika")
        return b"ok"

    with running(take) as listener:
        with connect(listener) as connection:
            connection.sendall(framed(b"Muster^Erika"))
            assert received(connection) == b""
        with connect(listener) as connection:
            connection.sendall(framed(b"other"))
            assert answers(connection, 1) == [b"ok"]
    assert "Muster" not in caplog.text
    assert "ValueError" in caplog.text


def test_no_answer_is_sent_where_none_is_wanted() -> None:
    with running(lambda message: b"" if message == b"quiet" else b"ok") as listener, connect(listener) as connection:
        connection.sendall(framed(b"quiet") + framed(b"loud"))
        assert answers(connection, 1) == [b"ok"]


def test_stop_answers_the_message_in_hand_and_closes_the_rest() -> None:
    began, may_end = threading.Event(), threading.Event()

    def take(message: bytes) -> bytes:
        began.set()
        may_end.wait(10)
        return b"done"

    listener = serve((HOST, 0), take)
    with connect(listener) as busy, connect(listener) as idle:
        busy.sendall(framed(b"1") + framed(b"2"))
        assert began.wait(10)
        stopping = threading.Thread(target=listener.stop)
        stopping.start()
        may_end.set()
        assert answers(busy, 2) == [b"done"]
        assert received(idle) == b""
        stopping.join(10)
    assert listener.connections == 0
    with pytest.raises(OSError):
        socket.create_connection((HOST, listener.port), timeout=1)


def test_an_address_that_is_taken_is_a_configuration_error() -> None:
    with running() as listener, pytest.raises(ConfigurationError, match="can't listen on port"):
        serve((HOST, listener.port), echo)


# ---------------------------------------------------------------------------------------------------------- TLS


def certificate(folder: Path, name: str, issuer: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None = None) -> Path:
    """Write a key and a certificate, signed by itself or an issuer, as NAME.key and NAME.pem; return the latter."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer_name, signer_key = issuer or (subject, key)
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .sign(signer_key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    path.with_suffix(".key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


def sender(server: Path, own: Path | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=server)
    if own is not None:
        context.load_cert_chain(own, own.with_suffix(".key"))
    return context


def test_a_message_is_taken_over_tls(tmp_path: Path) -> None:
    shown = certificate(tmp_path, "listener")
    with (
        running(tls=Tls(certificate=shown, key=shown.with_suffix(".key"))) as listener,
        sender(shown).wrap_socket(connect(listener), server_hostname=HOST) as connection,
    ):
        connection.sendall(framed(b"secret" * 20_000))
        assert answers(connection, 1) == [b"ACK " + b"secret" * 20_000]
        assert connection.version() in ("TLSv1.2", "TLSv1.3")


def test_a_sender_in_plain_text_gets_nothing_from_a_tls_listener(tmp_path: Path) -> None:
    shown = certificate(tmp_path, "listener")
    taken: list[bytes] = []
    tls = Tls(certificate=shown, key=shown.with_suffix(".key"))
    with (
        running(lambda message: taken.append(message) or b"ok", tls=tls) as listener,  # type: ignore[func-returns-value]
        connect(listener) as connection,
    ):
        connection.sendall(framed(b"plain"))
        assert b"ok" not in received(connection)
    assert taken == []


def test_with_a_client_ca_only_its_senders_come_in(tmp_path: Path) -> None:
    shown, known, stranger = (certificate(tmp_path, name) for name in ("listener", "known", "stranger"))
    tls = Tls(certificate=shown, key=shown.with_suffix(".key"), client_ca=known)
    with running(tls=tls) as listener:
        with sender(shown, known).wrap_socket(connect(listener), server_hostname=HOST) as connection:
            connection.sendall(framed(b"1"))
            assert answers(connection, 1) == [b"ACK 1"]
        for own in (None, stranger):
            with (
                pytest.raises(OSError),  # TLS 1.3 tells the client only when it reads
                sender(shown, own).wrap_socket(connect(listener), server_hostname=HOST) as connection,
            ):
                connection.sendall(framed(b"1"))
                if not connection.recv(10):
                    raise ConnectionResetError


def test_tls_files_that_are_no_certificates_are_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text("nothing")
    with pytest.raises(ConfigurationError, match="TLS files"):
        serve((HOST, 0), echo, tls=Tls(certificate=tmp_path / "a.pem", key=tmp_path / "missing.key"))


# ------------------------------------------------------------------------------------------------------- frames


@given(
    messages=st.lists(
        st.binary(min_size=1).map(lambda b: b.replace(b"\x0b", b"a").replace(b"\x1c", b"b") + b"."), max_size=5
    ),
    cut=st.integers(1, 7),
)
def test_messages_are_the_same_however_they_are_cut(messages: list[bytes], cut: int) -> None:
    stream = b"".join(framed(message) for message in messages)
    frames = Frames(1_000)
    found = [frame for at in range(0, len(stream), cut) for frame in frames.feed(stream[at : at + cut])]
    assert [frame.content for frame in found] == messages


@given(stream=st.lists(st.sampled_from([b"\x0b", b"\x1c", b"\r", b"ab"])).map(b"".join))
def test_any_bytes_are_cut_within_the_bound(stream: bytes) -> None:
    frames = Frames(3)
    for frame in frames.feed(stream):
        assert frame.kind == "too_long" or len(frame.content) <= 3
