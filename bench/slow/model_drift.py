"""How often is a model called drifted that is right, and how often one that is wrong? And how long does a card take?

python bench/slow/model_drift.py [SITES]

Each site has 600 patients, seen at most ten years; a model that says their true risks within two years at time zero, or
says them wrong by a factor on the odds; and an input whose mean has moved by a share of its standard deviation.
"""

import sys
import time
from datetime import date

import numpy as np

from twin.forecast.card.build import build
from twin.forecast.card.run import Described, Endpoint, InputColumn, People, Run
from twin.forecast.drift import compare
from twin.forecast.evaluate.calibration import logit
from twin.forecast.evaluate.rows import Outcomes, Predictions

DESCRIBED = Described(
    title="Constant hazards", kind="bench", endpoint=Endpoint(label="event"), competing=Endpoint(label="other"),
    intended_use="to be measured", source="simulated", setting="none", method="the truth", validation="no fit at all",
    limits=(),
)  # fmt: skip


def site(random: np.random.Generator, people: int, landmarks: int = 1, moved: float = 0.0) -> Run:
    """Patients with constant hazards of event, competing event and censoring, and the true risks within two years."""
    hazard = np.exp(random.normal(-2.6, 0.8, people))
    event, other = random.exponential(1 / hazard), random.exponential(40.0, people)
    censored = random.uniform(1.0, 10.0, people)
    end = np.minimum.reduce([event, other, censored]) + 1e-3
    status = np.where(event <= np.minimum(other, censored), 1, np.where(other <= censored, 2, 0))
    who, at = np.tile(np.arange(people), landmarks), np.repeat(np.arange(landmarks) / 10, people)
    alive = end[who] > at
    both = hazard + 1 / 40
    risk = (hazard / both * (1 - np.exp(-2 * both)))[who[alive]]
    return Run(
        predictions=Predictions(patient=who[alive], landmark=at[alive], horizon=np.full(alive.sum(), 2.0), risk=risk),
        outcomes=Outcomes(patient=np.arange(people), time=end, status=status),
        people=People(
            patient=np.arange(people), sex=random.choice(["female", "male"], people), age=random.uniform(30, 85, people)
        ),
        inputs=(InputColumn(key="alt", unit="U/L", values=random.normal(moved, 1.0, alive.sum())),),
        by_landmark=False,
        made_on=date(2026, 11, 23),
        software="bench",
    )


def main(sites: int) -> None:
    """Print what share of sites is called what."""
    random = np.random.default_rng(0)
    start, made = time.process_time(), site(random, 12_000, landmarks=12)
    card = build(DESCRIBED, made)
    print(f"card of {len(made.predictions):,} predictions: {time.process_time() - start:.0f} s of one core")
    print("odds x   input + sd   calibration steady/watch/drifted   input steady/watch/drifted")
    for factor, moved in ((1.0, 0.0), (1.25, 0.1), (1.5, 0.25), (2.0, 0.5), (3.0, 1.0)):
        found = []
        for _ in range(sites):
            later = site(random, 600, moved=moved)
            said = later.predictions
            low = 1 / (1 + np.exp(-(logit(said.risk) - np.log(factor))))
            wrong = Predictions(patient=said.patient, landmark=said.landmark, horizon=said.horizon, risk=low)
            drift = compare(card, {"alt": later.inputs[0].values}, wrong, wrong, later.outcomes, repeats=100)
            found.append((drift.calibration[0].verdict, drift.inputs[0].verdict))
        shares = [
            " / ".join(
                f"{np.mean([row[part] == each for row in found]):4.0%}" for each in ("steady", "watch", "drifted")
            )
            for part in (0, 1)
        ]
        print(f"{factor:6.2f}   {moved:10.2f}   {shares[0]:>32}   {shares[1]:>26}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
