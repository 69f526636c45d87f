"""How do HL7 v2 messages arrive over a line? A listener for MLLP (HL7 v2 transport specification, release 1), with TLS.

A message stands between 0x0B and 0x1C 0x0D, and is answered before the next one of its connection is read. The listener
knows no database: whoever starts it hands it a function from a message to its acknowledgement. Log lines tell of
connections and sizes, never of content.
"""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from twin.errors import ConfigurationError

_log = logging.getLogger(__name__)
_BEGIN, _END, _AFTER = b"\x0b", b"\x1c", b"\r"
_POLL_SECONDS = 0.5  # how soon a waiting connection notices that the listener stops
_PIECE_BYTES = 64 * 1024
_HEAD_BYTES = 2_000  # of an oversized message: enough for its MSH

Take = Callable[[bytes], bytes]
"""A message to its acknowledgement; b"" where none is wanted. It has stored the message before it says so."""
Refuse = Callable[[bytes], bytes]
"""The beginning of a message that was too long to be taken, to its negative acknowledgement."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tls:
    """The certificate that the listener shows; with `client_ca`, only senders with one of its certificates come in."""

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Return what a connection is secured by: TLS 1.2 or later.

        Raises:
            ConfigurationError: a file is missing or is not what it should be.
        """
        try:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.client_ca)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(f"the TLS files of a listener can't be read ({type(error).__name__})") from None
        if self.client_ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
        return context


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What one sender may ask of the listener."""

    message_bytes: int = 16 * 2**20
    """Each connection may hold one message of this size in memory."""
    message_seconds: float = 300.0
    """From the first to the last byte of a message: a sender that trickles is not waited for."""
    idle_seconds: float = 3_600.0
    """Between two messages; senders keep a connection open all day."""
    answer_seconds: float = 60.0
    """For the sender to take its acknowledgement, and for a TLS handshake."""
    connections: int = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """What came: a message, the beginning of one that was too long, or bytes outside of any frame."""

    kind: Literal["message", "too_long", "garbage", "unfinished"]
    content: bytes = field(repr=False)
    size: int


class Frames:
    """Cuts what arrives into frames, whatever pieces it arrives in, in bounded memory."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._kept = bytearray()
        self._size = 0
        self.is_inside = False
        """A message has begun and not ended."""

    def feed(self, piece: bytes) -> Iterator[Frame]:
        """Yield what this piece completes."""
        at, ends_at = 0, len(piece)
        while at < ends_at:
            begins = piece.find(_BEGIN, at)
            if not self.is_inside:
                outside = piece[at : begins if begins >= 0 else ends_at]
                if outside.strip(b"\r\n"):
                    yield Frame(kind="garbage", content=b"", size=len(outside))
                if begins < 0:
                    return
                self._start()
                at = begins + 1
                continue
            ends = piece.find(_END, at, begins if begins >= 0 else ends_at)
            if ends >= 0:
                self._keep(piece[at:ends])
                yield self._finished()
                at = ends + 1
            elif begins >= 0:  # its sender gave this one up and began a new one
                yield Frame(kind="unfinished", content=b"", size=self._size + begins - at)
                self._start()
                at = begins + 1
            else:
                self._keep(piece[at:])
                return

    def _start(self) -> None:
        self.is_inside, self._size = True, 0
        self._kept.clear()

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= self._longest:
            self._kept += piece
        elif len(self._kept) > _HEAD_BYTES:
            del self._kept[_HEAD_BYTES:]
        else:
            self._kept += piece[: _HEAD_BYTES - len(self._kept)]

    def _finished(self) -> Frame:
        self.is_inside = False
        is_long = self._size > self._longest
        content = bytes(self._kept[:_HEAD_BYTES] if is_long else self._kept)
        self._kept.clear()
        if not content.strip():  # some senders keep a line open with empty frames
            return Frame(kind="garbage", content=b"", size=self._size)
        return Frame(kind="too_long" if is_long else "message", content=content, size=self._size)


class Listener:
    """A running listener; `stop()` ends it, the message in hand is still answered."""

    def __init__(
        self, listening: socket.socket, take: Take, refuse: Refuse | None, tls: ssl.SSLContext | None, bounds: Bounds
    ) -> None:
        self._listening, self._take, self._refuse, self._tls, self._bounds = listening, take, refuse, tls, bounds
        self._is_stopping = threading.Event()
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self.port: int = listening.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, name="mllp", daemon=True)
        self._accepting.start()

    @property
    def connections(self) -> int:
        """How many senders are connected."""
        with self._lock:
            return len(self._threads)

    def stop(self, seconds: float = 30.0) -> None:
        """Take no new message, wait up to `seconds` for those in hand to be answered, and close everything."""
        self._is_stopping.set()
        ends = time.monotonic() + seconds
        self._accepting.join(seconds)
        with self._lock:
            threads = tuple(self._threads)
        for thread in threads:
            thread.join(max(0.0, ends - time.monotonic()))

    def _accept(self) -> None:
        self._listening.settimeout(_POLL_SECONDS)
        with self._listening:
            while not self._is_stopping.is_set():
                try:
                    connection, address = self._listening.accept()
                except TimeoutError:
                    continue
                except OSError as error:  # out of file handles, or the sender left before it was let in
                    _log.warning("mllp: a connection could not be accepted (%s)", type(error).__name__)
                    self._is_stopping.wait(_POLL_SECONDS)
                    continue
                thread = threading.Thread(
                    target=self._serve, args=(connection, address[0]), name=f"mllp {address[0]}", daemon=True
                )
                with self._lock:
                    is_full = len(self._threads) >= self._bounds.connections
                    if not is_full:
                        self._threads.add(thread)
                if is_full:
                    _log.warning("mllp: %s turned away, %d connections are open", address[0], self._bounds.connections)
                    connection.close()
                else:
                    thread.start()

    def _serve(self, connection: socket.socket, peer: str) -> None:
        try:
            with connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                connection.settimeout(self._bounds.answer_seconds)
                if self._tls is None:
                    self._converse(connection, peer)
                else:
                    with self._tls.wrap_socket(connection, server_side=True) as secured:
                        self._converse(secured, peer)
        except (OSError, ssl.SSLError) as error:  # the sender left, or offered no certificate that is known
            _log.info("mllp: %s lost (%s)", peer, type(error).__name__)
        except Exception as error:  # a delivery loop: one message must not end the listener; unanswered it comes again
            _log.error("mllp: a message of %s could not be taken (%s)", peer, type(error).__name__)
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())

    def _converse(self, connection: socket.socket, peer: str) -> None:
        _log.info("mllp: %s connected", peer)
        frames = Frames(self._bounds.message_bytes)
        waits_since = time.monotonic()
        while not self._is_stopping.is_set():
            limit = self._bounds.message_seconds if frames.is_inside else self._bounds.idle_seconds
            if time.monotonic() - waits_since > limit:
                _log.warning("mllp: %s closed after %.0f s without a whole message", peer, limit)
                return
            connection.settimeout(_POLL_SECONDS)
            try:
                piece = connection.recv(_PIECE_BYTES)
            except TimeoutError:
                continue
            if not piece:
                _log.info("mllp: %s left%s", peer, " within a message" if frames.is_inside else "")
                return
            was_inside = frames.is_inside
            whole = 0
            for frame in frames.feed(piece):
                whole += frame.kind in ("message", "too_long")
                self._answer(connection, peer, frame)
                if self._is_stopping.is_set():
                    return
            if whole or frames.is_inside != was_inside:
                waits_since = time.monotonic()

    def _answer(self, connection: socket.socket, peer: str, frame: Frame) -> None:
        if frame.kind == "message":
            answer = self._take(frame.content)
        else:
            _log.warning("mllp: %s sent %d bytes that are no message (%s)", peer, frame.size, frame.kind)
            answer = self._refuse(frame.content) if frame.kind == "too_long" and self._refuse is not None else b""
        if answer:
            connection.settimeout(self._bounds.answer_seconds)
            connection.sendall(_BEGIN + answer + _END + _AFTER)


def serve(
    address: tuple[str, int],
    take: Take,
    *,
    tls: Tls | None = None,
    refuse: Refuse | None = None,
    bounds: Bounds | None = None,
) -> Listener:
    """Return a listener that runs in threads of its own; port 0 is any free one (`.port` tells which).

    Raises:
        ConfigurationError: the address is taken or not ours, or the TLS files can't be read.
    """
    secured = tls.context() if tls is not None else None
    try:
        listening = socket.create_server(address, family=socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    except OSError as error:
        raise ConfigurationError(f"MLLP can't listen on port {address[1]} ({type(error).__name__})") from None
    return Listener(listening, take, refuse, secured, bounds or Bounds())
