import logging
from threading import Event

import pytest

from alerts.scheduler import Beat, Heartbeat

PATIENCE_S = 10  # a beat that has not come by then never will


class Counter:
    """Counts its calls, and says when it was called often enough."""

    def __init__(self, enough, error=None):
        self.calls, self.error, self.enough, self.is_enough = 0, error, enough, Event()

    def __call__(self):
        self.calls += 1
        if self.calls >= self.enough:
            self.is_enough.set()
        if self.error:
            raise self.error


@pytest.fixture
def beating():
    started = []

    def start(*beats, on_failure=lambda name, error: None):
        heart = Heartbeat(beats, on_failure)
        heart.start()
        started.append(heart)
        return heart

    yield start
    for heart in started:
        heart.stop()


def test_a_beat_comes_at_once_and_again(beating):
    count = Counter(enough=3)
    beating(Beat(name="remind", every_seconds=0.05, run=count))
    assert count.is_enough.wait(PATIENCE_S)


def test_a_failing_beat_is_told_and_stops_neither_itself_nor_the_others(beating):
    bad, good, told = Counter(enough=2, error=OSError("away")), Counter(enough=2), []
    beats = (Beat(name="bad", every_seconds=0.05, run=bad), Beat(name="good", every_seconds=0.05, run=good))
    beating(*beats, on_failure=lambda name, error: told.append((name, str(error))))
    assert bad.is_enough.wait(PATIENCE_S)
    assert good.is_enough.wait(PATIENCE_S)
    assert told[0] == ("bad", "away")


def test_a_slow_beat_never_runs_twice_at_a_time_and_holds_up_no_other(beating, caplog):
    caplog.set_level(logging.CRITICAL, logger="apscheduler")
    release, entered, other = Event(), [], Counter(enough=5)

    def slow():
        entered.append(1)
        release.wait(PATIENCE_S)

    beating(Beat(name="slow", every_seconds=0.02, run=slow), Beat(name="other", every_seconds=0.02, run=other))
    try:
        assert other.is_enough.wait(PATIENCE_S)
        assert entered == [1]
    finally:
        release.set()


def test_stopping_waits_for_the_beat_under_way(beating):
    entered, release, done = Event(), Event(), []

    def slow():
        entered.set()
        release.wait(0.2)
        done.append(True)

    heart = beating(Beat(name="slow", every_seconds=60, run=slow))
    assert entered.wait(PATIENCE_S)
    heart.stop()
    assert done == [True]


def test_after_stopping_nothing_beats_and_stopping_again_is_harmless(beating):
    count = Counter(enough=1)
    heart = beating(Beat(name="remind", every_seconds=0.02, run=count))
    assert count.is_enough.wait(PATIENCE_S)
    heart.stop()
    calls = count.calls
    assert not Event().wait(0.1)
    heart.stop()
    assert count.calls == calls


def test_a_heart_that_never_started_can_be_stopped():
    Heartbeat([], lambda name, error: None).stop()
