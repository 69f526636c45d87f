"""A real SMTP server on 127.0.0.1 that keeps what it is sent, and refuses or hangs up where a test tells it to."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

CERTIFICATE = Path(__file__).parent / "mail_sink.pem"


@dataclass
class Sink:
    """What arrived, and the answers to give: by SMTP verb, or "hang up" to break the line."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    async def handle_MAIL(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        self.log.append("MAIL")
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        self.log.append("RCPT")
        envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        self.log.append("DATA")
        answer = self.answers.get("DATA", "250 kept")
        if answer.startswith("250") or answer == "hang up":
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
            self.recipients += envelope.rcpt_tos
        if answer == "hang up":
            server.transport.abort()
        return answer


@contextmanager
def mail_sink(*, starttls: bool = False, tls: bool = False, login: tuple[str, str] | None = None) -> Iterator[Sink]:
    """Run a sink on a free port for the block."""
    sink = Sink(port=_free_port())
    context = None
    if starttls or tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(CERTIFICATE)

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login.decode(), data.password.decode()) == login)

    extra: dict[str, Any] = {"tls_context": context, "require_starttls": True} if starttls else {}
    if login:
        extra |= {"authenticator": check, "auth_required": True}
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port, ssl_context=context if tls else None, **extra)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()


def _free_port() -> int:
    """Return a port that was free a moment ago; aiosmtpd needs to know it before it binds."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
