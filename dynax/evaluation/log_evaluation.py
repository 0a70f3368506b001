"""The evaluation of a model on recorded trajectories. There is no simulator, and therefore no ceiling."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from dynax.architectures.description import prior_knowledge, title
from dynax.config.schema import EvalConfig
from dynax.data.dataset import Dataset
from dynax.evaluation.log_predictions import Predictions, errors, load_test, simulations, windows
from dynax.evaluation.tables import Table
from dynax.trained import TrainedModel

HORIZONS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0)  # s, at which errors are reported


@dataclass(frozen=True, eq=False)
class LogEvaluation:
    """Errors of a model and of the baselines on recorded trajectories, in physical units."""

    trained: TrainedModel
    config: EvalConfig
    dataset: Dataset
    windows: Predictions
    window_errors: Mapping[str, Float[np.ndarray, "W window C"]]  # of each predictor
    simulations: Predictions
    simulation_errors: Mapping[str, Float[np.ndarray, "N steps C"]]  # of each predictor, NaN outside a trajectory

    @property
    def steps(self) -> dict[float, int]:
        """The reported horizons within a window, s, and their steps."""
        dt, last = self.trained.env.dt, self.windows.truth.shape[1] - 1
        steps = {seconds: round(seconds / dt) for seconds in HORIZONS}
        found = {seconds: step for seconds, step in steps.items() if 1 <= step <= last}
        return found or {last * dt: last}

    @property
    def coordinates(self) -> dict[int, str]:
        """The observed coordinates, with their labels and units."""
        space = self.trained.env.space
        return {int(c): f"{space.labels[c]} [{space.units[c]}]" for c in np.flatnonzero(space.observed)}

    def noise(self, coordinate: int) -> float | None:
        """Return the noise floor of a coordinate in the log, if it is known."""
        values = list(self.dataset.manifest["log"]["noise_std"].values()) if self.dataset.is_log else []
        return values[coordinate] if coordinate < len(values) else None

    def horizon(self, name: str, coordinate: int, step: int) -> tuple[float, float]:
        """Return root mean square and median of the errors after `step` steps of the windows."""
        error = self.window_errors[name][:, step, coordinate]
        return float(np.sqrt(np.mean(error**2))), float(np.median(error))

    def simulation(self, name: str, coordinate: int) -> tuple[Float[np.ndarray, " N"], Float[np.ndarray, " N"]]:
        """Return the root mean square error of each whole simulation, and its fit in per cent.

        The fit is 100 (1 - RMSE / standard deviation of the truth).
        """
        error = self.simulation_errors[name][..., coordinate]
        rmse = np.sqrt(np.nanmean(error[:, 1:] ** 2, axis=1))
        space, truth = self.trained.env.space, self.simulations.truth
        values = np.where(
            self.simulations.valid, _coordinate(space.positions(truth), space.qvel(truth), coordinate), np.nan
        )
        return rmse, 100 * (1 - rmse / np.maximum(np.nanstd(values, axis=1), 1e-12))

    def tables(self) -> list[Table]:
        """Return the tables that `dynax eval` prints."""
        return [self._horizon_table(), self._simulation_table()]

    def _horizon_table(self) -> Table:
        rows = []
        for c, label in self.coordinates.items():
            for name in self.window_errors:
                cells = [self.horizon(name, c, step) for step in self.steps.values()]
                rows.append([f"{label}: {name}", *(f"{rmse:.2g} ({median:.2g})" for rmse, median in cells)])
            if (noise := self.noise(c)) is not None:
                rows.append([f"{label}: noise floor", *(f"{noise:.2g}" for _ in self.steps)])
        return Table(
            f"Errors on recorded trajectories: {title(self.trained.model)}",
            ["RMSE (median)", *(f"after {seconds:g} s" for seconds in self.steps)],
            rows,
            f"{len(self.windows.truth)} windows of {self.config.window_seconds:g} s, one every "
            f"{self.config.window_stride:g} s. Noise floor: standard deviation of the measurement noise.\n"
            f"Prior knowledge of the model: {'; '.join(prior_knowledge(self.trained.model)) or 'none'}.",
        )

    def _simulation_table(self) -> Table:
        rows = []
        for c, label in self.coordinates.items():
            for name in self.simulation_errors:
                rmse, fit = self.simulation(name, c)
                numbers = (
                    f"{np.median(rmse):.3g}",
                    f"{np.mean(rmse):.3g}",
                    f"{np.median(fit):.1f}%",
                    f"{np.mean(fit):.1f}%",
                )
                rows.append([f"{label}: {name}", *numbers])
        lengths = self.simulations.valid.sum(axis=1) * self.trained.env.dt
        return Table(
            "Whole simulations, open loop from the first state",
            ["", "RMSE, median", "RMSE, mean", "fit, median", "fit, mean"],
            rows,
            f"{len(lengths)} trajectories of {lengths.min():.3g} to {lengths.max():.3g} s. "
            "Fit: 100 (1 - RMSE / standard deviation of the truth).",
        )

    def save_plots(self, folder: str | Path) -> None:
        """Write `horizon.png` and `trajectories.png` into an existing folder."""
        from dynax.evaluation import log_plots

        env, folder = self.trained.env, Path(folder)
        noise = {c: value for c in self.coordinates if (value := self.noise(c)) is not None}
        log_plots.horizon(folder / "horizon.png", self.window_errors, self.coordinates, noise, env.dt)
        count = self.config.plot_trajectories
        log_plots.trajectories(folder / "trajectories.png", env.space, self.simulations, count)

    def summary(self) -> dict[str, Any]:
        """Return the results as JSON data: the keys of `summary.json`, except those of the command itself."""
        info, settings, model = self.trained.info or {}, self.trained.config or {}, self.trained.model
        return {
            "env": self.trained.env.name,
            "model": model.architecture,
            "given": list(prior_knowledge(model)),
            "best_epoch": info.get("best_epoch"),
            "dataset_sha256": info.get("dataset_sha256"),
            "training_seed": settings.get("training", {}).get("seed"),
            "test_dataset": str(self.dataset.path),
            "test_dataset_sha256": self.dataset.sha256,
            "windows": len(self.windows.truth),
            "window_s": self.config.window_seconds,
            "window_stride_s": self.config.window_stride,
            "simulations": len(self.simulations.truth),
            "dt_s": self.trained.env.dt,
            "noise_std": {label: self.noise(c) for c, label in self.coordinates.items()},
            "horizons": {label: self._horizon_summary(c) for c, label in self.coordinates.items()},
            "whole": {label: self._simulation_summary(c) for c, label in self.coordinates.items()},
        }

    def _horizon_summary(self, c: int) -> dict[str, Any]:
        return {
            name: {
                f"{seconds:g}": dict(zip(("rmse", "median"), self.horizon(name, c, step), strict=True))
                for seconds, step in self.steps.items()
            }
            for name in self.window_errors
        }

    def _simulation_summary(self, c: int) -> dict[str, Any]:
        result = {}
        for name in self.simulation_errors:
            rmse, fit = self.simulation(name, c)
            result[name] = {
                "rmse_median": float(np.median(rmse)),
                "rmse_mean": float(np.mean(rmse)),
                "fit_median_percent": float(np.median(fit)),
                "fit_mean_percent": float(np.mean(fit)),
            }
        return result


def evaluate_log(trained: TrainedModel, dataset: Dataset, config: EvalConfig | None = None) -> LogEvaluation:
    """Evaluate a model on the test trajectories of a dataset.

    Args:
        trained: the model with its parameters.
        dataset: recorded or simulated trajectories of the model's robot.
        config: length and distance of the windows, and the number of plotted trajectories.

    Raises:
        UserError: if the dataset is of another robot, or has no test trajectories that are long enough.
    """
    config = config or EvalConfig()
    paths = load_test(dataset, trained)
    parts = windows(trained, paths, config.window_seconds, config.window_stride)
    whole = simulations(trained, paths)
    return LogEvaluation(trained, config, dataset, parts, errors(trained, parts), whole, errors(trained, whole))


def _coordinate(positions: np.ndarray, velocities: np.ndarray, coordinate: int) -> np.ndarray:
    return np.concatenate([positions, velocities], axis=-1)[..., coordinate]
