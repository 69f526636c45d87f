"""Search in a bank of 50,000 cases (the shipped ones, shaken): recall of the lists against the exact search, and times.

.venv/bin/python bench/slow/ct_bank_search.py
"""

from time import process_time

import numpy as np

from imaging.bank import Case, shipped_bank
from imaging.bank.search import index_of, nearest

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
    start = process_time()
    for one in queries[:80]:
        large.answer(one.astype(np.float32))
    print(f"whole answers: {(process_time() - start) / 10 * 1000:.1f} ms for 8 lumps")


if __name__ == "__main__":
    main()
