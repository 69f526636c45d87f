"""How do messages leave the outbox so that none is lost and none is sent twice, whatever crashes when?

A message is claimed under a lease, asked once more whether it is still wanted, and handed to its channel. A channel
with an effect outside the database (mail) commits `handed_over` right before the step that can't be taken back.
A crash before that is retried after the lease. After it nobody can know, so the message is not sent again: it becomes
`uncertain`, and a person finds that in the inbox.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from alerts import mute
from alerts.channels.base import Channel
from alerts.errors import ChannelError, NoLongerWanted, OutcomeUnknown
from alerts.message import Message
from alerts.ports import Clock, Outbox, RecallStore
from alerts.text import notice

LOG = logging.getLogger(__name__)
Outcome = Literal["sent", "retry", "failed", "stopped", "unknown", "overtaken"]


@dataclass(frozen=True, kw_only=True)
class DeliveryRule:
    """How long a worker may hold a message, and how often one is tried."""

    lease: timedelta = timedelta(minutes=5)  # longer than the timeouts of one mail dialogue (30 s a step) together
    first_wait: timedelta = timedelta(minutes=1)  # a restarting mail server is back within a minute or two
    longest_wait: timedelta = timedelta(hours=1)  # RFC 5321 section 4.5.4.1: at least 30 minutes between tries
    attempts_max: int = 100  # about four days of hourly tries; RFC 5321 section 4.5.4.1: give up after 4-5 days

    def wait(self, attempt: int) -> timedelta:
        """Return how long to wait after so many tries: doubling, up to the longest wait."""
        return min(self.first_wait * 2 ** min(attempt - 1, 16), self.longest_wait)


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What became of the messages that were ripe, as counts.

    `unknown` have left or not, and become `uncertain` after the lease; `overtaken` were stopped, or taken by another
    worker, while in hand.
    """

    sent: int = 0
    retry: int = 0
    failed: int = 0
    stopped: int = 0
    unknown: int = 0
    overtaken: int = 0
    uncertain: int = 0


def deliver_once(
    outbox: Outbox,
    recalls: RecallStore,
    channels: Mapping[str, Channel],
    clock: Clock,
    rule: DeliveryRule | None = None,
    *,
    limit: int = 100,
) -> Delivered:
    """Deliver up to `limit` ripe messages, one claim at a time, and raise those whose outcome stayed unknown.

    A message that fails waits for its next turn, so it can't hold up the others. Errors of the database are not caught
    here: nothing is lost by them, and the caller's next beat goes on.
    """
    rule = rule or DeliveryRule()
    now = clock.now()
    unsure = outbox.uncertain(now, limit, lambda message: notice(message, "uncertain", now))
    counts: Counter[str] = Counter()
    for _ in range(limit):
        claimed = outbox.claim(clock.now(), rule.lease, 1)
        if not claimed:
            break
        counts[_deliver(claimed[0], outbox, recalls, channels, clock, rule)] += 1
    return Delivered(uncertain=len(unsure), **counts)


def _deliver(
    message: Message,
    outbox: Outbox,
    recalls: RecallStore,
    channels: Mapping[str, Channel],
    clock: Clock,
    rule: DeliveryRule,
) -> Outcome:
    now = clock.now()
    about = message.recall_id  # a note belongs to no recall: nothing can make it unwanted
    if about is not None and (why_not := mute.of_leaving(recalls.get(about), now.date())):
        return "stopped" if outbox.set_aside(message, why_not, now) else "overtaken"
    if message.attempt > rule.attempts_max:  # it crashed its worker each time, or no failure would be missing
        return _not_left(outbox, message, "given up", True, now, rule)
    if message.channel not in channels:
        return _not_left(outbox, message, "channel is not set up", False, now, rule)
    is_handed_over = False

    def hand_over() -> None:
        nonlocal is_handed_over
        if not outbox.hand_over(message, clock.now(), rule.lease):
            raise NoLongerWanted
        is_handed_over = True

    try:
        receipt = channels[message.channel].send(message, now=now, hand_over=hand_over)
    except NoLongerWanted:
        return "overtaken"
    except OutcomeUnknown as unknown:
        LOG.warning("message %s by %s: %s", message.id, message.channel, unknown)
        return "unknown"
    except ChannelError as error:
        return _not_left(outbox, message, str(error), error.permanent, clock.now(), rule)
    except Exception as error:  # the delivery loop's one broad catch: a bad message must not stop the others
        LOG.exception("message %s by %s", message.id, message.channel)
        if is_handed_over:
            return "unknown"
        return _not_left(outbox, message, type(error).__name__, False, clock.now(), rule)
    return "sent" if outbox.sent(message, receipt, clock.now()) else "overtaken"


def _not_left(
    outbox: Outbox, message: Message, error: str, is_permanent: bool, now: datetime, rule: DeliveryRule
) -> Outcome:
    if is_permanent or message.attempt >= rule.attempts_max:
        is_mine = outbox.failed(message, error, None, now, notice(message, "failed", now))
        return "failed" if is_mine else "overtaken"
    is_mine = outbox.failed(message, error, now + rule.wait(message.attempt), now)
    return "retry" if is_mine else "overtaken"
