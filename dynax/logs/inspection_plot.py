"""One page of plots about a dataset."""

from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dynax.evaluation.plot_style import GRAY, STYLE, TRUTH
from dynax.logs.inspection import Inspection, spectrum

MAX_DOFS = 6  # plotted degrees of freedom
MAX_POINTS = 20_000


def page(path: Path, inspection: Inspection) -> None:
    """Plot, for each degree of freedom: its longest trajectory, its coverage and its spectrum; below, the actions."""
    dofs = range(min(MAX_DOFS, len(inspection.labels)))
    count = len(inspection.action_names)
    rows = len(dofs) + 1
    with rc_context({**STYLE, "font.size": 8}):
        figure = Figure(figsize=(11, 2.2 * rows + 0.6), layout="constrained")
        grid = figure.subplots(rows, 3, squeeze=False)
        for dof in dofs:
            _motion(grid[dof, 0], inspection, dof)
            _coverage(grid[dof, 1], inspection, dof)
            _spectrum(grid[dof, 2], inspection, dof)
        _actions(grid[-1, 0], inspection, range(count))
        _action_spectrum(grid[-1, 2], inspection, range(count))
        _correlation(grid[-1, 1], inspection)
        figure.suptitle(f"Dataset of {inspection.dataset.manifest['robot']}", x=0.01, ha="left", weight="bold")
        figure.savefig(path)


def _longest(inspection: Inspection) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    path = max(inspection.paths, key=lambda path: len(path.actions))
    step = -(-len(path.states) // MAX_POINTS)
    time = inspection.dataset.dt * np.arange(len(path.states))
    return time[::step], path.states[::step], path.actions[::step]


def _motion(axes: Axes, inspection: Inspection, dof: int) -> None:
    time, states, _ = _longest(inspection)
    axes.plot(time, states[:, dof], color=TRUTH, lw=0.8)
    axes.set(title="longest trajectory" if dof == 0 else "", xlabel="time [s]", ylabel=_label(inspection, dof))


def _coverage(axes: Axes, inspection: Inspection, dof: int) -> None:
    states = np.concatenate([path.states for path in inspection.paths])
    states = states[:: -(-len(states) // MAX_POINTS)]
    velocity = inspection.dataset.manifest["nq"] + dof
    axes.plot(states[:, dof], states[:, velocity], ".", color=TRUTH, ms=1, alpha=0.3)
    axes.set(title="coverage" if dof == 0 else "", xlabel=_label(inspection, dof), ylabel=_label(inspection, velocity))


def _spectrum(axes: Axes, inspection: Inspection, dof: int) -> None:
    velocity = inspection.dataset.manifest["nq"] + dof
    frequency, density = spectrum([path.states[:, velocity] for path in inspection.paths], inspection.dataset.dt)
    axes.loglog(frequency[1:], np.maximum(density[1:], 1e-300), color=TRUTH, lw=0.8)
    axes.axvline(max(inspection.rows[velocity].frequency, frequency[1]), color=GRAY, lw=0.8, ls=":")
    axes.set(title="spectrum of the velocity" if dof == 0 else "", xlabel="frequency [Hz]")


def _actions(axes: Axes, inspection: Inspection, entries: range) -> None:
    time, _, actions = _longest(inspection)
    for i in entries:
        axes.plot(time[: len(actions)], actions[:, i], lw=0.8, label=inspection.action_names[i])
    axes.set(title="actions", xlabel="time [s]")
    if len(entries):
        axes.legend(fontsize=6)


def _action_spectrum(axes: Axes, inspection: Inspection, entries: range) -> None:
    for i in entries:
        frequency, density = spectrum([path.actions[:, i] for path in inspection.paths], inspection.dataset.dt)
        axes.loglog(frequency[1:], np.maximum(density[1:], 1e-300), lw=0.8)
    axes.set(title="spectrum of the actions", xlabel="frequency [Hz]")


def _correlation(axes: Axes, inspection: Inspection) -> None:
    """Plot the correlation of accelerations and actions as bars."""
    nv, count = inspection.correlation.shape
    width = 0.8 / max(1, nv)
    for dof in range(nv):
        axes.bar(np.arange(count) + dof * width, inspection.correlation[dof], width, label=inspection.labels[dof])
    axes.axhline(0, color=GRAY, lw=0.6)
    axes.set_xticks(np.arange(count) + 0.4, inspection.action_names, fontsize=6)
    axes.set(title="correlation with the acceleration", ylim=(-1, 1))
    if count:
        axes.legend(fontsize=6)


def _label(inspection: Inspection, coordinate: int) -> str:
    row = inspection.rows[coordinate]
    return f"{row.label} [{row.unit}]"
