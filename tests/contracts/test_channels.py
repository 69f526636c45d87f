"""What every alert channel owes, over every entry of CHANNELS; each is tried against its own real other side."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import alerts.channels
from alerts.channels import CHANNELS
from alerts.deliver import Delivered, deliver_once
from alerts.errors import BadPolicy
from alerts.memory import MemoryStore, SetClock
from alerts.message import note
from alerts.policy import Policy
from alerts.remind import remind_once
from alerts.steps import close_by_person
from tests.unit.alerts.alert_cast import NOON, ZHAO, due_trigger
from tests.unit.alerts.mail_sink import mail_sink

NAME = "Zhang Wei"  # the patient's name, which nobody ever gave to alerts


@contextmanager
def inbox_side(store):
    yield {}, lambda: [f"{letter.title}\n{letter.body}" for letter in store.inbox([ZHAO.id], 100)]


@contextmanager
def email_side(store):
    with mail_sink() as sink:
        settings = {"host": "127.0.0.1", "port": sink.port, "sender": "twin@clinic.example", "security": "none"}
        yield settings, lambda: [f"{mail['Subject']}\n{mail.get_content()}" for mail in sink.mails]


OTHER_SIDES = {"inbox": inbox_side, "email": email_side}


@pytest.fixture(params=CHANNELS, ids=lambda kind: kind.key)
def site(request):
    """Yield a store with one reminder in the outbox, how to deliver, and what has arrived."""
    kind, store, clock = request.param, MemoryStore(), SetClock(NOON)
    store.open_recall(due_trigger(), NOON)
    remind_once(store, [ZHAO], [kind.key], clock, Policy(remind_by=(kind.key,)), label=lambda patient: "P-17")
    with OTHER_SIDES[kind.key](store) as (settings, arrived):
        channels = {kind.key: kind.open(settings)}
        yield store, lambda: deliver_once(store, store, channels, clock), arrived, clock


def test_keys_are_unique_and_every_file_has_its_line():
    files = {path.stem for path in Path(alerts.channels.__file__).parent.glob("*.py")} - {"__init__", "base"}
    assert sorted(kind.key for kind in CHANNELS) == sorted(files)


def test_every_channel_has_an_other_side_here():
    assert set(OTHER_SIDES) == {kind.key for kind in CHANNELS}


@pytest.mark.parametrize("kind", CHANNELS, ids=lambda kind: kind.key)
def test_settings_nobody_knows_are_refused(kind):
    with pytest.raises(BadPolicy):
        kind.open({"no such setting": 1})


def test_a_reminder_arrives_once_in_the_recipient_s_language(site):
    _, deliver, arrived, clock = site
    assert deliver() == Delivered(sent=1)
    clock.time += timedelta(days=1)
    assert deliver() == Delivered()
    (text,) = arrived()
    assert "FIB-4 预计九月超过 2.67。" in text
    assert "肝脏弹性成像" in text
    assert NAME not in text


def test_a_note_that_belongs_to_no_recall_arrives_with_its_own_words(site):
    store, deliver, arrived, _ = site
    (recall,) = store.live(due_trigger().patient_id)
    assert store.apply(close_by_person(recall, "declined", by="zhao", now=NOON))  # only the note is left
    (channel,) = ZHAO.addresses.keys() & {row.message.channel for row in store.outbox.values()}
    content = {"patient": "P-17", "title": "CT: P-17", "body": "请先读片。", "subject": "CT", "path": "/reading"}
    store.put([note("study/7", ZHAO, channel, patient_id=recall.patient_id, content=content, now=NOON)])
    assert deliver() == Delivered(sent=1)
    assert "请先读片。" in arrived()[0]


def test_a_reminder_of_a_closed_recall_never_arrives(site):
    store, deliver, arrived, _ = site
    (recall,) = store.live(due_trigger().patient_id)
    assert store.apply(close_by_person(recall, "declined", by="zhao", now=NOON))
    assert deliver() == Delivered()
    assert arrived() == []


def test_a_recall_closed_behind_the_deliverer_s_back_is_noticed_before_anything_leaves(site):
    store, deliver, arrived, _ = site
    (recall,) = store.live(due_trigger().patient_id)
    store.recalls[recall.id] = replace(recall, state="closed")
    assert deliver() == Delivered(stopped=1)
    assert arrived() == []
