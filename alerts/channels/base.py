"""What does a channel owe? It builds its own form of a message and sends it, or says whether trying again can help.

When to try again, how often, and what to do when it never works is the business of `alerts/deliver.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from alerts.errors import BadPolicy
from alerts.message import Message, Receipt


class Channel(Protocol):
    """A way to tell somebody, set up and ready."""

    def send(self, message: Message, *, now: datetime, hand_over: Callable[[], None]) -> Receipt:
        """Send one message and return the other side's answer.

        A channel with an effect outside the database calls `hand_over` once, right before the step that can't be taken
        back, and lets what it raises pass.

        Raises:
            ChannelError: the message did not leave.
            OutcomeUnknown: it was handed over, and nobody can say whether it left.
        """


@dataclass(frozen=True, kw_only=True)
class ChannelKind:
    """An entry of CHANNELS: its key, and how it is set up from a site's settings (names and values are its own).

    `open` raises BadPolicy where the settings can't work.
    """

    key: str
    open: Callable[[Mapping[str, Any]], Channel]  # Any: each channel has settings of its own types


def opener(make: Callable[..., Channel]) -> Callable[[Mapping[str, Any]], Channel]:
    """Return an `open` that passes the settings to `make` by name."""

    def open_channel(settings: Mapping[str, Any]) -> Channel:
        try:
            return make(**settings)
        except TypeError as error:
            raise BadPolicy(f"a channel's settings don't fit: {error}") from error

    return open_channel
