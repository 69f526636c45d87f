"""Mail by SMTP: plain text, no patient's name, and handed over only after the server accepted the recipient.

Source: RFC 5321 (SMTP), RFC 3834 (automatic messages), RFC 8314 (TLS for submission).
"""

import re
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Literal, get_args

from alerts.channels.base import ChannelKind, opener
from alerts.errors import BadPolicy, ChannelError, OutcomeUnknown
from alerts.message import Message, Receipt
from alerts.text import TEXT, letter

Security = Literal["starttls", "tls", "none"]
ADDRESS = re.compile(r"[!-;=?A-~]+@[!-;=?A-~]+")  # printable ASCII, one @, no <, > or blank: nothing to inject with
WIRE = SMTP.clone(cte_type="7bit")  # every server takes 7 bit; not every one offers 8BITMIME


@dataclass(frozen=True, kw_only=True)
class Email:
    """A mail server and how to speak to it.

    `link` is the address of a recall's page with `{recall_id}` in it, or ""; `note_link` that of a note's page with
    `{path}` in it. `ca_file` names the certificate of a
    hospital's own authority. The password is left out of the repr, so no log can show it.

    Raises:
        BadPolicy: no host, no usable sender, or an unknown kind of security.
    """

    host: str
    sender: str
    port: int = 587  # RFC 8314 section 3.3: submission with STARTTLS; 465 for security "tls"
    security: Security = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    timeout_s: float = 30.0  # a step; several of them must fit into the delivery lease of five minutes
    link: str = ""
    note_link: str = ""
    subject_shows_patient: bool = False  # subjects show on locked screens and in server logs
    ca_file: str | None = None

    def __post_init__(self) -> None:
        if not self.host or not ADDRESS.fullmatch(self.sender):
            raise BadPolicy("email needs a host and a sender's address")
        if self.security not in get_args(Security):
            raise BadPolicy(f"email security is not one of {', '.join(get_args(Security))}")

    def send(self, message: Message, *, now: datetime, hand_over: Callable[[], None]) -> Receipt:
        """Send one mail and return the server's answer; errors name the SMTP step and code, never the text."""
        if not ADDRESS.fullmatch(message.address):
            raise ChannelError("the address is no mail address", permanent=True)
        content = compose(message, self, now).as_bytes(policy=WIRE)
        with _session(self) as smtp:
            _expect("MAIL", smtp.mail(self.sender)[0], is_about_message=False)
            _expect("RCPT", smtp.rcpt(message.address)[0])
            hand_over()
            return _data(smtp, content)


def compose(message: Message, email: Email, now: datetime) -> EmailMessage:
    """Return the mail; its Message-ID follows from the outbox id, so a server may recognise a repeat."""
    words, text = letter(message), TEXT[message.language]
    subject = words.title if email.subject_shows_patient else _subject(message)
    mail = EmailMessage(policy=WIRE)
    mail["From"] = email.sender
    mail["To"] = message.address
    mail["Subject"] = " ".join(subject.split())
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message.id}@{email.sender.partition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: keeps out-of-office robots quiet
    mail.set_content(
        "\n\n".join(part for part in (words.title, words.body, _link(message, email), text["footer"]) if part)
    )
    mail["Content-Language"] = message.language.replace("_", "-")  # set_content drops what was set before
    return mail


def _subject(message: Message) -> str:
    """Return a subject that names no patient."""
    if message.kind == "note":
        return message.content["subject"]
    return TEXT[message.language][f"subject_without_patient.{message.kind}"]


def _link(message: Message, email: Email) -> str:
    text = TEXT[message.language]
    if message.kind == "note":
        return (
            text["note.link"].format(link=email.note_link.format(path=message.content["path"]))
            if email.note_link
            else ""
        )
    return text["link"].format(link=email.link.format(recall_id=message.recall_id)) if email.link else ""


@contextmanager
def _session(email: Email) -> Iterator[smtplib.SMTP]:
    """Yield a session, signed in; whatever breaks in it before the hand-over means that nothing left.

    STARTTLS is never skipped: a server that does not offer it gets no mail.
    """
    smtp: smtplib.SMTP | None = None
    try:
        smtp = _connect(email)
        yield smtp
    except (smtplib.SMTPException, OSError) as error:
        raise ChannelError(f"no mail dialogue with {email.host}: {type(error).__name__}", permanent=False) from error
    finally:
        if smtp is not None:
            with suppress(smtplib.SMTPException, OSError):
                smtp.quit()
            smtp.close()


def _connect(email: Email) -> smtplib.SMTP:
    name = email.sender.partition("@")[2]  # not the machine's own name: looking that up may hang on a poor line
    context = ssl.create_default_context(cafile=email.ca_file)
    if email.security == "tls":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(email.host, email.port, name, timeout=email.timeout_s, context=context)
    else:
        smtp = smtplib.SMTP(email.host, email.port, name, timeout=email.timeout_s)
    try:
        if email.security == "starttls":
            smtp.starttls(context=context)
        smtp.ehlo_or_helo_if_needed()
        if email.user:
            smtp.login(email.user, email.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _data(smtp: smtplib.SMTP, content: bytes) -> Receipt:
    try:
        code, reply = smtp.data(content)
    except smtplib.SMTPDataError as refused:  # the server said no before the text was sent
        code, reply = refused.smtp_code, b""
    except (smtplib.SMTPException, OSError) as broken:
        raise OutcomeUnknown(f"the line broke during DATA: {type(broken).__name__}") from broken
    if code < 200:
        raise OutcomeUnknown("the server's answer to DATA made no sense")
    _expect("DATA", code)
    return Receipt(text=f"{code} {reply.decode('ascii', 'replace')}"[:200])


def _expect(verb: str, code: int, *, is_about_message: bool = True) -> None:
    """Raise unless the server agreed. A refusal of the sender is the site's set-up at fault, so it may be mended."""
    if not 200 <= code < 300:
        raise ChannelError(f"{verb} refused with {code}", permanent=is_about_message and 500 <= code < 600)


CHANNEL = ChannelKind(key="email", open=opener(Email))
