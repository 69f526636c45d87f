"""How do images arrive over DICOM's own line? A C-STORE and C-ECHO listener (PS3.4 B, PS3.7 9.1), with TLS.

It knows no database: whoever starts it hands it a function from a file's bytes to a status. Success is answered when
that function has returned. Log lines tell of callers and counts, never of content.
"""

import io
import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from pynetdicom import AE, evt
from pynetdicom.transport import ThreadedAssociationServer

from imaging.sop_class import READ_REPORTS, READ_SEGMENTATIONS

LOG = logging.getLogger(__name__)
logging.getLogger("pynetdicom").setLevel(logging.ERROR)  # its lower levels tell of content

VERIFICATION = "1.2.840.10008.1.1"  # C-ECHO
CT_STORAGE = (
    "1.2.840.10008.5.1.4.1.1.2",  # CT
    "1.2.840.10008.5.1.4.1.1.2.1",  # enhanced CT
    "1.2.840.10008.5.1.4.1.1.2.2",  # legacy converted enhanced CT
)
# PS3.6 A.1: what `imaging.dicom` decodes; 8 and 12 bit JPEG with loss do not hold HU, and are not offered
TRANSFER_SYNTAXES = (
    "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91",
)  # fmt: skip
SUCCESS, OUT_OF_RESOURCES = 0x0000, 0xA700
MOST_BYTES = 600 * 1_000_000  # of one image: an enhanced CT of 1,000 slices has 530 MB
_MOST_ASSOCIATIONS = 10  # each holds one image in memory; what they hold together is bounded by `_Held`
_PDU_BYTES = 16_382  # of one message (PS3.8 D.1.1), what senders expect of this library
_SILENCE_S = 60.0
_ENDING_S = 10.0  # what an association may take to write down what it brought, when the listener stops
_HANDSHAKE_S = 5.0  # the library shakes hands before it listens on: a silent caller would keep others out


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who sends: the title it calls itself, and which association of this listener it is."""

    title: str
    association: int


Take = Callable[[Caller, bytes], int]
"""A file (PS3.10) to the status of its C-STORE (PS3.7 C): 0 when it is kept for good."""
Close = Callable[[Caller], None]
"""Told when an association has ended, however it did."""


class _Secured:
    """Secures an accepted connection, in bounded time; in the place of the library's own use of a context."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context

    def wrap_socket(self, accepted: socket.socket, *, server_side: bool) -> ssl.SSLSocket:
        accepted.settimeout(_HANDSHAKE_S)
        try:
            secured = self._context.wrap_socket(accepted, server_side=server_side)
        except OSError:
            accepted.close()
            raise
        secured.settimeout(None)
        return secured


class _Held:
    """How much each association has sent of the image it is at: PS3.7 has no answer before an image has come whole."""

    def __init__(self, most_bytes: int) -> None:
        self._most, self._bytes, self._lock = most_bytes, dict[int, int](), Lock()

    def take(self, association: int, count: int) -> bool:
        """Count what has come; False where all together hold more than two of the largest images."""
        with self._lock:
            self._bytes[association] = self._bytes.get(association, 0) + count
            return sum(self._bytes.values()) <= 2 * self._most + _PDU_BYTES

    def forget(self, association: int) -> None:
        """The image was dealt with, or its sender is gone."""
        with self._lock:
            self._bytes.pop(association, None)


class Listener:
    """A running listener; `stop()` ends it."""

    def __init__(self, entity: AE, server: ThreadedAssociationServer) -> None:
        self._entity, self._server = entity, server
        assert server.socket is not None, "it listens"
        self.port: int = server.socket.getsockname()[1]

    def stop(self) -> None:
        """Take no new association, end those that there are, and wait until what they brought is written down."""
        ending = self._server.active_associations
        self._server.shutdown()
        self._entity.shutdown()
        for association in ending:
            association.join(_ENDING_S)
            association.dul.join(_ENDING_S)


def serve(
    address: tuple[str, int], title: str, take: Take, close: Close, *, callers: Sequence[str] = (),
    tls: ssl.SSLContext | None = None, most_bytes: int = MOST_BYTES,
) -> Listener:  # fmt: skip
    """Return a listener that runs in threads of its own; port 0 is any free one (`.port` tells which).

    Whoever calls another title than ours, or (where `callers` are named) calls itself another one, is turned away.
    An image of more than `most_bytes` is answered with A700 (out of resources) and not kept; where the open
    associations together send twice as much without end, the one that goes on is cut off.

    Raises:
        OSError: the address is taken or not ours.
    """
    entity = AE(ae_title=title)
    entity.maximum_associations, entity.maximum_pdu_size = _MOST_ASSOCIATIONS, _PDU_BYTES
    entity.network_timeout = entity.dimse_timeout = entity.acse_timeout = _SILENCE_S
    entity.require_called_aet = True
    entity.require_calling_aet = list(callers)
    entity.add_supported_context(VERIFICATION)
    for uid in (*CT_STORAGE, *READ_REPORTS, *READ_SEGMENTATIONS):
        entity.add_supported_context(uid, list(TRANSFER_SYNTAXES))

    held = _Held(most_bytes)

    def received(event: evt.Event) -> None:
        if not held.take(id(event.assoc), len(event.data)):
            LOG.warning("dicom: %s sends more than is taken at once; cut off", _caller(event).title)
            line = event.assoc.dul.socket
            if line is not None:
                line.close()

    def store(event: evt.Event) -> int:
        try:
            if _size(event) > most_bytes:
                LOG.warning("dicom: an image from %s is larger than is taken", _caller(event).title)
                return OUT_OF_RESOURCES
            return take(_caller(event), event.encoded_dataset())
        except Exception as error:  # a delivery loop: one image must not end the listener; the sender sends it again
            LOG.error("dicom: an image could not be taken (%s)", type(error).__name__, exc_info=error)
            return OUT_OF_RESOURCES
        finally:
            held.forget(id(event.assoc))

    def opened(event: evt.Event) -> None:
        LOG.info("dicom: %s connected", _caller(event).title)

    def closed(event: evt.Event) -> None:
        held.forget(id(event.assoc))
        close(_caller(event))

    handlers: list[Any] = [
        (evt.EVT_C_STORE, store), (evt.EVT_ESTABLISHED, opened), (evt.EVT_CONN_CLOSE, closed),
        (evt.EVT_DATA_RECV, received),
    ]  # fmt: skip
    secured: Any = _Secured(tls) if tls is not None else None
    server = entity.start_server(address, block=False, evt_handlers=handlers, ssl_context=secured)
    assert isinstance(server, ThreadedAssociationServer)
    return Listener(entity, server)


def _size(event: evt.Event) -> int:
    """Return the bytes of the image that a C-STORE brought, without a copy of them."""
    sent = getattr(event.request, "DataSet", None)
    return int(sent.getbuffer().nbytes) if isinstance(sent, io.BytesIO) else 0


def _caller(event: evt.Event) -> Caller:
    return Caller(title=str(event.assoc.requestor.ae_title).strip(), association=id(event.assoc))
