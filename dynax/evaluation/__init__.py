"""Evaluation of a trained model: test trajectories, error metrics, energy drift, warm-start check, tables and plots.

`evaluate(trained)` returns everything that `dynax eval` reports, and `evaluate_log(trained, dataset)` does so for logs.

    evaluation                       `evaluate`: the evaluation on a simulated test set
    testset, portions                the test trajectories, and their division into portions
    metrics, scores                  normalized errors and valid prediction times; the scores of one predictor
    baselines                        the predictors `constant velocity` and `hold last`
    motion                           coordinates that do not move in a test
    energy                           energy drift
    ensembles                        calibration and reliability of an ensemble
    speed                            speed of the predictions
    sizes                            an estimate of the memory of a test set
    warmstart, restarts              the warm-start check, and the simulations that it compares
    log_evaluation, log_predictions  `evaluate_log`: the evaluation on a log, and its predictions
    tables                           the tables, as plain data
    plots, plot_style                the plots of an evaluation, and the style of all plots
    trajectory_plot                  predicted trajectories over the true ones
    comparison_plot, log_plots       the plots of a comparison of runs, and of an evaluation on a log

Axes in the annotations: N trajectories, T control steps, H reported steps, K plotted trajectories, S state coordinates
[qpos, qvel, act], A entries of an action, C = 2 nv + na tangent coordinates [dq, dv, da].
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dynax.evaluation.evaluation import Evaluation, evaluate
    from dynax.evaluation.log_evaluation import LogEvaluation, evaluate_log

__all__ = ["Evaluation", "LogEvaluation", "evaluate", "evaluate_log"]


def __getattr__(name: str) -> Any:
    """Import evaluations at their first use: collecting data needs neither JAX nor models."""
    if name in ("Evaluation", "evaluate"):
        from dynax.evaluation import evaluation

        return getattr(evaluation, name)
    if name in ("LogEvaluation", "evaluate_log"):
        from dynax.evaluation import log_evaluation

        return getattr(log_evaluation, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
