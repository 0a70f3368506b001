"""Each export predicts, in its own runtime, as the model does."""

import numpy as np
import pytest
import runtimes
from marks import slow

from dynax.config.schema import ExportConfig
from dynax.evaluation import metrics
from dynax.export import export

GRAPHS = ("gru", "transformer", "resnet", "quadratic")
CASES = [
    *[(format, "mlp") for format in ("c", "numpy", "onnx", "iree")],
    *slow(*(("stablehlo", name) for name in ("mlp", "gru", "transformer", "resnet", "quadratic", "lagrangian"))),
    *slow(*((format, name) for format in ("c", "numpy", "onnx") for name in GRAPHS)),
    *slow(("iree", "gru"), ("iree", "lagrangian")),  # it compiles the programs of StableHLO
]


@pytest.mark.parametrize(("format", "architecture"), CASES)
def test_an_export_predicts_as_its_model(trained, test_trajectories, format, architecture):
    model, tests = trained(architecture), test_trajectories
    states, actions = runtimes.inputs(model, tests)
    rows = 1 if format == "c" else len(tests)
    files = export(model, format, ExportConfig(steps=tests.steps, batch=rows))
    functions = getattr(runtimes, format)(files)
    contract = runtimes.contract(files)["functions"]
    for name in ("step", "rollout"):
        assert contract[name]["states"][1:] == list(states.shape[1:])
    space, truth = model.env.space, tests.truth
    std = metrics.state_std(space, truth)

    last = actions[:, 0] if model.history_length == 1 else actions[:, : model.history_length]
    step = runtimes.call(functions["step"], states, last)
    assert (np.abs(space.difference(np.asarray(model.step(states, last)), step)) < 1e-5 * std).all()

    path = runtimes.call(functions["rollout"], states, actions)
    assert path.shape == truth.shape
    expected = np.asarray(model.rollout(states, actions))
    for threshold in metrics.THRESHOLDS:
        time, other = (
            metrics.valid_time(metrics.normalized_error(space, truth, each, std), threshold, space.dt).median
            for each in (expected, path)
        )
        assert time == pytest.approx(other, abs=space.dt)


def test_the_batch_of_stablehlo_is_any_number(trained, test_trajectories):
    model = trained("mlp")
    states, actions = runtimes.inputs(model, test_trajectories)
    step = runtimes.stablehlo(export(model, "stablehlo", ExportConfig(steps=2)))["step"]
    for rows in (1, 3):
        assert step(states[:rows], actions[:rows, 0]).shape == states[:rows].shape
