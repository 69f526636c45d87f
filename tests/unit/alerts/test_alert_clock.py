from datetime import UTC, datetime, timedelta

from alerts.clock import SystemClock
from tests.unit.alerts.alert_cast import ZONE


def test_the_system_clock_tells_the_site_s_time():
    now = SystemClock(zone=ZONE).now()
    assert now.utcoffset() == timedelta(hours=8)
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)
