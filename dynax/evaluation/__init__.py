"""Evaluation of a trained model: test trajectories, error metrics, energy drift, warm-start check, tables and plots.

`evaluate(trained)` returns everything that `dynax eval` reports.

Axes in the annotations: N trajectories, T control steps, H reported steps, K plotted trajectories, S state coordinates
[qpos, qvel, act], A entries of an action, C = 2 nv + na tangent coordinates [dq, dv, da].
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dynax.evaluation.evaluation import Evaluation, evaluate

__all__ = ["Evaluation", "evaluate"]


def __getattr__(name: str) -> Any:
    """Import `evaluate` and `Evaluation` at their first use: collecting data needs neither JAX nor models."""
    if name in __all__:
        from dynax.evaluation import evaluation

        return getattr(evaluation, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
