"""By which ways can staff be told? One entry a line, in display order."""

from alerts.channels import email, inbox
from alerts.channels.base import ChannelKind

CHANNELS: tuple[ChannelKind, ...] = (
    inbox.CHANNEL,
    email.CHANNEL,
)
