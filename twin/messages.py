"""What becomes of an HL7 v2 message that came over a line: taken in one transaction, acknowledged by the standard.

The acknowledgement is written after the message is stored. Refused segments wait in quarantine; an answer says which.
"""

import logging
import secrets
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from twin import intake
from twin.errors import UnreadableInput, UnsupportedVersion
from twin.importers import hl7v2
from twin.importers.base import Context
from twin.importers.content import Content
from twin.importers.hl7v2.ack import acknowledge
from twin.settings import Settings
from twin.uploads import zone

LOG = logging.getLogger(__name__)
MEDIA_TYPE = "application/hl7-v2"
NAME = "message"  # how the report calls what came over a line


def take_message(
    engine: Engine, settings: Settings, message: bytes, *, source: str, actor: str, now: datetime
) -> bytes:
    """Take one message and return its acknowledgement; b"" where its sender wants none.

    Accepted (AA) is a message of which every segment was used, is not used by the twin, or holds a value that is not
    believed and waits in quarantine (told as a warning). Another fault refuses the message (AE): what could be used of
    it is kept, the rest waits in quarantine. One that can't be read at all is rejected (AR).
    """
    asked = intake.Asked(source=source, actor=actor, context=Context(now=now, zone=zone(settings.time_zone)))
    try:
        report = intake.take_request(engine, Content.of(message, NAME), asked, importer=hl7v2.IMPORTER)
    except UnsupportedVersion as error:
        return acknowledge(message, False, [("", "203", str(error))], now, _control_id())
    except UnreadableInput as error:
        return acknowledge(message, False, [("", "200", str(error))], now, _control_id())
    except SQLAlchemyError as error:
        LOG.error("a message could not be stored (%s)", type(error).__name__)
        return acknowledge(message, False, [], now, _control_id(), broken=True)
    told = [(each.where, each.reason, each.detail) for each in report.rejects]
    return acknowledge(message, not report.faults, told, now, _control_id())


def refuse_message(beginning: bytes, now: datetime) -> bytes:
    """Return the negative acknowledgement of a message that was too long to be taken."""
    return acknowledge(beginning, False, [("", "207", "the message is too long")], now, _control_id())


def _control_id() -> str:
    return secrets.token_hex(10)
