"""The tables of an evaluation, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dynax.envs.state_space import StateSpace
from dynax.evaluation.energy import Drift
from dynax.evaluation.metrics import THRESHOLDS, ValidTime
from dynax.evaluation.scores import Score, ceiling_share, share_text
from dynax.evaluation.speed import Speed
from dynax.uncertainty.calibration import LEVELS
from dynax.uncertainty.reliability import Reliability


@dataclass(frozen=True)
class Table:
    """A table of text. The first column names the row."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


def score_table(
    title: str, prior_knowledge: Sequence[str], scores: Mapping[str, Score], dt: float, speed: Speed, caveat: str = ""
) -> Table:
    """Return valid prediction times and normalized errors, one row per predictor.

    Args:
        title: the robot and the model.
        prior_knowledge: the prior knowledge of the model, for the caption.
        scores: scores of `model`, `ceiling` and baselines.
        dt: control step, s.
        speed: speed of the predictions.
        caveat: sentence at the beginning of the caption.
    """
    first, second = THRESHOLDS
    horizons = scores["model"].horizons
    return Table(
        f"How long predictions stay accurate: {title}",
        ["", f"VPT({first:g})", "p10", "of ceiling", f"VPT({second:g})", *(f"@{k}" for k in horizons)],
        [[name, *_score_row(score, scores["ceiling"], dt)] for name, score in scores.items()],
        f"{caveat}{' ' * bool(caveat)}VPT(x): time until the error exceeds x standard deviations, median over "
        f"trajectories; p10: 10th percentile of VPT({first:g}).\n"
        "@k: nRMSE, the error after k control steps in standard deviations. Ceiling: MuJoCo with a float32 state.\n"
        f"{speed.sentence()}\n"
        f"Prior knowledge of the model: {'; '.join(prior_knowledge) or 'none'}.",
    )


def _score_row(score: Score, ceiling: Score, dt: float) -> list[str]:
    return [
        _seconds(score.valid_times[0]),
        f"{score.valid_times[0].p10:.2f} s",
        _share(score.valid_times[0], ceiling.valid_times[0], dt),
        _seconds(score.valid_times[1]),
        *(f"{score.nrmse[k]:.2g}" for k in score.horizons),
    ]


def _seconds(valid: ValidTime) -> str:
    return f"{'> ' if valid.is_lower_bound else ''}{valid.median:.2f} s"


def _share(valid: ValidTime, ceiling: ValidTime, dt: float) -> str:
    return share_text(ceiling_share(valid, ceiling, dt), ceiling.is_lower_bound and not valid.is_lower_bound)


def physical_table(score: Score, space: StateSpace) -> Table:
    """Return the root mean square error of each observed coordinate in its unit."""
    return Table(
        "Error of the model in physical units",
        ["", *(f"after {k * space.dt:g} s" for k in score.horizons)],
        [
            [f"{space.labels[c]} [{space.units[c]}]", *(f"{score.rmse[k, c]:.2g}" for k in score.horizons)]
            for c in np.flatnonzero(space.observed)
        ],
    )


def energy_table(drift: Drift, dt: float) -> Table:
    """Return the energy drift of each predictor; `dt` is the control step, s."""
    return Table(
        "Energy drift (the test set conserves energy)",
        ["", *(f"after {k * dt:g} s" for k in drift.steps)],
        [[name, *(f"{x:.2g}" for x in values)] for name, values in drift.values.items()],
        f"In units of the mean kinetic energy, {drift.unit:.3g} J; root mean square over trajectories.",
    )


def reliability_table(reliability: Reliability, dt: float) -> Table:
    """Return coverage and width of the uncertainty of an ensemble, one row per horizon; `dt` is the control step, s."""
    rows = []
    for h, k in enumerate(reliability.steps):
        shares = [
            f"{coverage[LEVELS.index(level), h]:.0%}"
            for level in (0.68, 0.9)
            for coverage in (reliability.raw_coverage, reliability.coverage)
        ]
        others = f"{reliability.relative_width[h]:.2f}", f"{reliability.rank_correlation[h]:.2f}"
        rows.append([f"after {k * dt:g} s", *shares, *others])
    return Table(
        "Uncertainty of the ensemble",
        ["", "68%: raw", "calibrated", "90%: raw", "calibrated", "width", "rank correlation"],
        rows,
        "Share of the true values in intervals that should contain 68% and 90% of them. Width: of the 90% interval, "
        "in units of that of an oracle with constant intervals. Rank correlation: of spread and error. "
        f"Trust horizon: {reliability.announced_s:.2f} s in the median, where predictions are valid for "
        f"{reliability.valid_s:.2f} s; too long in {reliability.too_long:.0%} of the trajectories.",
    )
