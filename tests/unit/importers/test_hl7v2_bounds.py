"""A sender may send anything of any size: it costs no more than its size."""

import time
import tracemalloc

import pytest

from tests.unit.importers.hl7v2_messages import MSH, OBR, PID, fates, items, obx

MEGABYTE = 2**20


def cost(*lines: str) -> tuple[dict[str, str], float, int]:
    """What became of the items, the seconds and the megabytes it took."""
    started = time.process_time()
    tracemalloc.start()
    found = fates(items(*lines))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found, time.process_time() - started, most // MEGABYTE


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (obx("~1" * 2 * MEGABYTE), "too_large"),
        (obx("1", code="^" * 4 * MEGABYTE), "no_date_or_code"),
        (obx("1", code="a" * 4 * MEGABYTE), "invalid"),
        (obx("1", sub="\\F\\" * MEGABYTE), "invalid"),
        (obx("\\F" * 2 * MEGABYTE, "TX"), "too_large"),
        (obx("a~" * 2 * MEGABYTE, "TX"), "too_large"),
        (obx("^" * 4 * MEGABYTE, "SN"), "1 facts"),
        (obx("&" * 4 * MEGABYTE, "CWE"), "invalid"),
        ("OBX" + "|" * 4 * MEGABYTE, "no_date_or_code"),
    ],
    ids=["values", "components", "code", "escapes", "half escapes", "lines", "parts", "subcomponents", "fields"],
)
def test_four_megabytes_of_one_delimiter_are_no_burden(line: str, reason: str) -> None:
    found, seconds, megabytes = cost(MSH, PID, OBR, line)
    assert found["MSH[1].OBX[1]"] == reason
    assert seconds < 20
    assert megabytes < 100


def test_a_patient_with_any_number_of_identifiers_is_refused() -> None:
    found, seconds, _ = cost(MSH, "PID|1||" + "~".join(f"{number}^^^A" for number in range(100_000)), OBR, obx("1"))
    assert found["MSH[1].PID[1]"] == found["MSH[1].OBX[1]"] == "invalid"
    assert seconds < 10


def test_results_that_are_all_alike_take_time_in_proportion() -> None:
    _, few, _ = cost(MSH, PID, OBR, *[obx("1")] * 500)
    found, many, _ = cost(MSH, PID, OBR, *[obx("1")] * 4_000)
    assert many < 8 * 3 * few
    assert set(found.values()) >= {"1 facts"}
