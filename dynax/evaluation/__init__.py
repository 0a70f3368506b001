"""Evaluation of a trained model: test trajectories, error metrics, energy drift, warm-start check, tables and plots.

`evaluate(trained)` returns everything that `dynax eval` reports, and `evaluate_log(trained, dataset)` does so for logs.

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
