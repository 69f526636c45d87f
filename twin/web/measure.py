"""How many requests, of which kind, how long? Counted in memory, told in Prometheus' text form; no patient data."""

from collections import Counter
from collections.abc import Mapping
from threading import Lock

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 10.0)  # s; 0.15 is the bar for a patient page


class Requests:
    """The requests this process has answered."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._answered: Counter[tuple[str, str, int]] = Counter()
        self._within: Counter[float] = Counter()
        self._seconds = 0.0

    def note(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        with self._lock:
            self._answered[(method if method in _METHODS else "other", route, status)] += 1
            self._seconds += seconds
            for bound in BUCKETS:
                self._within[bound] += seconds <= bound

    def lines(self) -> list[str]:
        """Return the counts as Prometheus text."""
        with self._lock:
            answered, within, seconds = dict(self._answered), dict(self._within), self._seconds
        told = ["# TYPE twin_requests_total counter"]
        for (method, route, status), count in sorted(answered.items()):
            told.append(f'twin_requests_total{{method="{method}",route="{route}",status="{status}"}} {count}')
        total = sum(answered.values())
        told.append("# TYPE twin_request_seconds histogram")
        told += [f'twin_request_seconds_bucket{{le="{bound}"}} {within.get(bound, 0)}' for bound in BUCKETS]
        told += [f'twin_request_seconds_bucket{{le="+Inf"}} {total}']
        return [*told, f"twin_request_seconds_sum {seconds:.6f}", f"twin_request_seconds_count {total}"]


def gauges(counts: Mapping[str, int]) -> list[str]:
    """Return named counts of the database as Prometheus gauges."""
    return [line for name, n in counts.items() for line in (f"# TYPE twin_{name} gauge", f"twin_{name} {n}")]


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
