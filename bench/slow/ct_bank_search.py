"""Search in a bank of 50,000 cases (the shipped ones, shaken): recall of the lists against the exact search, and times;
then 8 flagged regions of a drawn scan compared with it, beside one read of the scan.

.venv/bin/python bench/slow/ct_bank_search.py
"""

from collections.abc import Callable
from time import perf_counter, process_time

import numpy as np

from imaging.bank import Case, match_regions, shipped_bank
from imaging.bank.lump import REACHES_MM, numbers_at
from imaging.bank.search import index_of, nearest
from imaging.outline import AS_READERS, outline
from imaging.phantom import Phantom, draw_phantom
from imaging.study import screen

MANY, ASKED, SHAKEN_SD = 50_000, 200, 0.3


def main() -> None:
    draw = np.random.default_rng(3)
    bank = shipped_bank()
    model = bank.shipped.models[0]
    shipped = bank.shipped.numbers
    base = shipped[draw.integers(0, len(shipped), MANY)]
    shaken = (base + SHAKEN_SD * model.scale.sd * draw.standard_normal(base.shape)).astype(np.float32)
    large = bank.with_local([Case(name=f"shaken-{n}", kind="local", numbers=one) for n, one in enumerate(shaken)])
    start = process_time()
    index = large.ready()
    print(f"index of {len(large)} cases made in {process_time() - start:.1f} s, lists: {index.lists is not None}")
    exact = index_of(index.places, exact_below=len(large) + 1)
    queries = shipped[draw.integers(0, 700, ASKED)] + 0.3 * model.scale.sd * draw.standard_normal((ASKED, 1))
    places = [model.encoder.place(model.scale.standard(one.astype(np.float32))) for one in queries]
    told = {}
    for name, one in (("exact", exact), ("lists", index)):
        start = process_time()
        told[name] = [{n for n, _ in nearest(one, place, 5)} for place in places]
        print(f"{name}: {(process_time() - start) / ASKED * 1000:.2f} ms a query")
    recall = np.mean([len(a & b) / 5 for a, b in zip(told["exact"], told["lists"], strict=True)])
    print(f"recall of the lists at 5: {recall:.3f}")
    volume = draw_phantom(Phantom(columns=512, pixel_mm=0.7, slices=300, slice_mm=1.0))
    flagged = screen(volume).regions
    radius_mm = 6.0  # of the ball where no edge is found
    lumps = [numbers_at(volume, one.centre_lps_mm, radius_mm) for one in flagged]
    read_ms = shortest(lambda: volume.hu.sum())
    print(f"{len(flagged)} regions of {volume.hu.shape}; one read of it (np.sum) {read_ms:.1f} ms")
    for name, run in (
        ("drawn", lambda: [outline(volume, one.centre_lps_mm, AS_READERS, REACHES_MM) for one in flagged]),
        ("drawn and described", lambda: [numbers_at(volume, one.centre_lps_mm, radius_mm) for one in flagged]),
        ("answered", lambda: [large.answer(one) for one in lumps]),
        ("the whole comparison", lambda: match_regions(volume, flagged, large)),
    ):
        ms = shortest(run)
        print(f"| {name} | {ms:.1f} | {ms / read_ms:.2f} |")


def shortest(run: Callable[[], object], repeats: int = 15) -> float:
    """Return the shortest wall time of a call in ms, after one that is not counted."""
    run()
    times = []
    for _ in range(repeats):
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return 1000 * min(times)


if __name__ == "__main__":
    main()
