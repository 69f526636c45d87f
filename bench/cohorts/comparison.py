"""How does one system stand beside the peers, with paired intervals? Each function returns the lines of a table."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from bench.cohorts.replaying import Replayed, intervals, replay
from bench.cohorts.study import Study, scorer

OURS = "ours"
_KEY = ["patient_id", "landmark_time", "horizon"]


def risk_table(study: Study, ours: Path | None, peers: dict[str, Path], boot: int) -> Iterator[str]:
    """AUC, Brier, ICI of each, and ours minus each peer (AUC, Brier) with 95 % intervals: `score_cohort.py`'s."""
    truth = study.outcomes.reset_index().assign(endpoint=scorer().P[study.task]["endpoint"])
    yield "| risk | AUC (95 %) | Brier (95 %) | skill | ICI | O/E | AUC: ours - peer | Brier: ours - peer |"
    yield "| --- | --- | --- | ---: | ---: | ---: | --- | --- |"
    own = None if ours is None else _complete_risk(study, ours)
    for name, path in _all(ours, peers):
        table = _complete_risk(study, path)
        found = scorer().score_risk(study.task, truth, table, boot=boot)
        mean, ci = found["mean"], found["ci95"]
        said = ["", ""]
        if own is not None and name != OURS:
            gap = scorer().compare_risk(study.task, truth, own.copy(), table.copy(), boot=boot)
            said = [_signed(gap["d_auc"], gap["d_auc_ci"]), _signed(gap["d_brier"], gap["d_brier_ci"])]
        yield (
            f"| {name} | {mean['auc']:.4f} ({_span(ci['auc'])}) | {mean['brier']:.4f} ({_span(ci['brier'])}) "
            f"| {mean['bss']:.3f} | {mean['ici']:.4f} | {mean['oe']:.2f} | {said[0]} | {said[1]} |"
        )


def forecast_table(study: Study, ours: Path | None, peers: dict[str, Path], boot: int) -> Iterator[str]:
    """MAE, CRPS, 80 % coverage of each signal and bin, and CRPS of ours minus each peer, with 95 % intervals."""
    yield "| forecast | by | MAE | CRPS (95 %) | cov80 (95 %) | CRPS: ours - peer |"
    yield "| --- | --- | ---: | --- | --- | --- |"
    per_row = {name: _forecast_rows(study, path) for name, path in _all(ours, peers)}
    for (signal, bin_name), index in study.forecast_tasks.groupby(["biomarker", "bin"], sort=False).groups.items():
        owner = pd.factorize(study.forecast_tasks.patient_id.loc[index])[0]
        draws = _draws(owner, boot)
        for name, rows in per_row.items():
            here = rows.loc[index]
            gap = ""
            if OURS in per_row and name != OURS:
                less = per_row[OURS].loc[index, "crps"].to_numpy() - here.crps.to_numpy()
                gap = _signed(float(less.mean()), _interval(less, draws))
            crps, inside = here.crps.to_numpy(), here.inside.to_numpy()
            yield (
                f"| {signal} {bin_name} | {name} | {here.error.mean():.4f} "
                f"| {crps.mean():.4f} ({_span(_interval(crps, draws))}) "
                f"| {inside.mean():.3f} ({_span(_interval(inside, draws), 3)}) | {gap} |"
            )


def replay_table(study: Study, ours: Path | None, peers: dict[str, Path], boot: int, budget: float) -> Iterator[str]:
    """What each finds at the budget of alerts, and ours minus each peer in share found, with 95 % intervals."""
    yield (
        f"| replay at {budget:g} alerts per 100 patient-years | found (95 %) | >= 6 months | >= 12 months (95 %) "
        "| lead, months | PPV (95 %) | alerts | found: ours - peer | >= 12 months: ours - peer |"
    )
    yield "| --- | --- | ---: | --- | ---: | --- | ---: | --- | --- |"
    done: dict[str, Replayed] = {}
    for name, path in _all(ours, peers):
        one = done[name] = replay(study, pd.read_csv(path), budget)
        of, ci = one.figures, intervals(one, boot=boot)
        said = ["", ""]
        if OURS in done and name != OURS:
            gap, span = done[OURS].figures, intervals(done[OURS], one, boot=boot)
            said = [_signed(gap[m] - of[m], span[m], 3) for m in ("sens", "sens_12mo")]
        lead = "-" if one.median_lead is None else f"{one.median_lead:.1f}"
        yield (
            f"| {name} | {of['sens']:.3f} ({_span(ci['sens'], 3)}) | {of['sens_6mo']:.3f} "
            f"| {of['sens_12mo']:.3f} ({_span(ci['sens_12mo'], 3)}) | {lead} | {of['ppv']:.3f} ({_span(ci['ppv'], 3)}) "
            f"| {of['alerts_per_100py']:.1f} | {said[0]} | {said[1]} |"
        )


def _all(ours: Path | None, peers: dict[str, Path]) -> list[tuple[str, Path]]:
    return ([] if ours is None else [(OURS, ours)]) + sorted(peers.items())


def _complete_risk(study: Study, path: Path) -> pd.DataFrame:
    """The task's rows of a file, in the task's order; SystemExit where one is missing."""
    key = scorer().tkey
    table, asked = pd.read_csv(path), study.risk_tasks.copy()
    for one in (table, asked):
        one["s"], one["w"] = key(one.landmark_time), key(one.horizon)
    found = asked.merge(table[["patient_id", "s", "w", "risk"]], on=["patient_id", "s", "w"], how="left")
    if found.risk.isna().any() or len(found) != len(asked):
        raise SystemExit(f"{path}: {int(found.risk.isna().sum())} of {len(asked)} rows missing, or rows twice")
    return found[[*_KEY, "risk"]].astype({"landmark_time": float, "horizon": float})


def _forecast_rows(study: Study, path: Path) -> pd.DataFrame:
    """CRPS, absolute error and 1/0 inside the 80 % band for each row of the task, in the task's order."""
    key, levels = scorer().tkey, scorer().QLEV
    table, asked = pd.read_csv(path), study.forecast_tasks.copy()
    for one in (table, asked):
        one["o"], one["k"] = key(one.origin_time), key(one.target_time)
    names = [f"q{level:g}" for level in levels]
    on = ["patient_id", "biomarker", "o", "k"]
    found = asked.merge(table[[*on, *names]], on=on, how="left")
    if found[names].isna().any().any() or len(found) != len(asked):
        raise SystemExit(f"{path}: {int(found[names].isna().any(axis=1).sum())} of {len(asked)} rows missing or twice")
    seen = study.visits.melt(["patient_id", "time"], asked.biomarker.unique(), "biomarker").dropna()
    seen = seen.assign(k=key(seen.time)).drop_duplicates(["patient_id", "biomarker", "k"])
    value = found.merge(seen, on=["patient_id", "biomarker", "k"], how="left").value.to_numpy(float)
    quantiles = np.sort(found[names].to_numpy(float), axis=1)
    low, high = quantiles[:, levels.index(0.1)], quantiles[:, levels.index(0.9)]
    return pd.DataFrame(
        {
            "crps": scorer().crps_q(value, quantiles, levels),
            "error": np.abs(value - quantiles[:, levels.index(0.5)]),
            "inside": ((value >= low) & (value <= high)).astype(float),
        },
        index=study.forecast_tasks.index,
    )


def _draws(owner: np.ndarray, boot: int) -> np.ndarray:
    """How often each row counts in each bootstrap draw of patients, (boot, N)."""
    draw, patients = np.random.default_rng(0), owner.max() + 1
    return np.stack([np.bincount(draw.integers(0, patients, patients), minlength=patients)[owner] for _ in range(boot)])


def _interval(value: np.ndarray, draws: np.ndarray) -> list[float]:
    return [float(x) for x in np.percentile(draws @ value / draws.sum(1), [2.5, 97.5])]


def _span(ci: list[float] | tuple[float, float], digits: int = 4) -> str:
    return f"{ci[0]:.{digits}f} to {ci[1]:.{digits}f}"


def _signed(value: float, ci: list[float] | tuple[float, float], digits: int = 4) -> str:
    return f"{value:+.{digits}f} ({ci[0]:+.{digits}f} to {ci[1]:+.{digits}f})"
