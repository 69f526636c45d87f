"""What every browser test waits for: a page on a busy machine, never a fixed time."""

from playwright.sync_api import expect

expect.set_options(timeout=30_000)  # milliseconds; five seconds are too few where two runs share two cores
