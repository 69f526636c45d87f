"""How fast is a score for a million people at once, against one by one, and are the digits the same?

python bench/bench_scores.py [ROWS]
"""

import json
import sys
import time
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twin.answering.lines import answer_lines
from twin.scores import answer_table, calculate, score

ALONE = 5_000  # people asked one by one: enough for a steady mean
RNG = np.random.default_rng(20_261_123)
Columns = Mapping[str, NDArray[np.generic]]


def columns(rows: int) -> dict[str, Columns]:
    """Simulated adults: about one in ten has an input that is refused or outside the validated range."""
    ages, men = RNG.uniform(15, 95, rows).round(1), RNG.integers(0, 2, rows)
    sex = np.where(men == 1, "male", "female")
    flags = {key: RNG.integers(0, 2, rows) for key in ("bp_tx", "dm", "smoking", "statin")}
    return {
        "fib4": {"age": ages, "ast": RNG.lognormal(3.4, 0.5, rows), "alt": RNG.lognormal(3.3, 0.5, rows),
                 "platelets": RNG.normal(240, 60, rows)},
        "ckdepi": {"sex": sex, "age": ages, "scr": RNG.lognormal(0, 0.4, rows)},
        "prevent": {"sex": sex, "age": ages, "total_c": RNG.normal(200, 35, rows), "hdl_c": RNG.normal(52, 12, rows),
                    "sbp": RNG.normal(130, 15, rows), "egfr": RNG.normal(85, 18, rows), "bmi": RNG.normal(27, 4, rows),
                    **flags},
    }  # fmt: skip


def main() -> None:
    """Print a line a score: seconds for the table, rows per second both ways, the ratio, and whether digits agree."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    for key, people in columns(rows).items():
        asked = score(key)
        began = time.perf_counter()
        together = answer_table(asked, people)
        table_seconds = time.perf_counter() - began
        persons = [{name: values[row].item() for name, values in people.items()} for row in range(ALONE)]
        began = time.perf_counter()
        alone = [calculate(asked, person) for person in persons]
        one_seconds = (time.perf_counter() - began) / ALONE
        lines = [json.dumps({"score": key, "inputs": person}) for person in persons]
        began = time.perf_counter()
        for answer in answer_lines(lines):
            json.dumps(answer)
        line_seconds = (time.perf_counter() - began) / ALONE
        same = all(
            together.absent[row] == answer.absent
            and bool(together.caution[row]) == answer.caution
            and all(together.outputs[name][row] == value for name, value in answer.outputs.items())
            for row, answer in enumerate(alone)
        )
        print(
            f"{key:8} {rows:,} rows in {table_seconds:.2f} s = {rows / table_seconds:,.0f} a second; one by one "
            f"{1 / one_seconds:,.0f} a second (lines {1 / line_seconds:,.0f}); "
            f"ratio {one_seconds * rows / table_seconds:.0f}; "
            f"absent {np.mean([reason is not None for reason in together.absent]):.0%}; "
            f"same digits in {ALONE:,}: {same}"
        )


if __name__ == "__main__":
    main()
