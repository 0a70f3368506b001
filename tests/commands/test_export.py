"""`dynax export` through the command line."""

import json

import pytest

from dynax.trained import load


@pytest.mark.slow
def test_an_export_is_a_directory_with_a_contract(workshop, documented):
    run = workshop.trained("cart_pole")
    path = workshop.line("export", f"run={run}", "format=c", "export.steps=7").path
    assert {file.name for file in path.iterdir()} >= {"model.c", "model.h", "contract.json", "summary.json"}
    summary = json.loads((path / "summary.json").read_text())
    assert set(summary) == documented["export"]
    contract = json.loads((path / "contract.json").read_text())
    env = load(run).env
    assert contract["state"]["names"] == ["slide", "hinge", "slide velocity", "hinge velocity"]
    assert contract["state"]["units"] == ["m", "rad", "m/s", "rad/s"]
    assert (contract["dt_s"], contract["history"], contract["steps"]) == (env.dt, 1, 7)
    assert contract["action"]["low"] == env.action_bounds[0].tolist()
    assert contract["functions"]["rollout"] == {"states": [1, 4], "actions": [1, 7, 1], "result": [1, 8, 4]}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["format=onxx"], "format=onxx is not one of stablehlo, iree, onnx, c, numpy (did you mean `onnx`?)"),
        (["format=c", "export.batch=2"], "export.batch=2 must be 1, because format=c predicts one robot at a time"),
        (["export.steps=0"], "export.steps=0 is out of range: it must be at least 1"),
    ],
)
def test_wrong_input_is_one_sentence(dynax, workshop, words, message):
    finished = dynax("export", f"run={workshop.trained('cart_pole')}", *words)
    assert (finished.code, finished.out) == (2, "")
    assert message in finished.err
    assert not dynax.made()


@pytest.mark.slow
def test_a_model_that_a_format_cannot_represent_is_named(dynax, workshop):
    finished = dynax("export", f"run={workshop.trained('cart_pole', 'lagrangian')}", "format=numpy")
    assert (finished.code, finished.out) == (2, "")
    assert "format=numpy cannot represent model.architecture=lagrangian of cart_pole: " in finished.err
    assert not dynax.made()
