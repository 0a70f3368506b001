"""`evaluate`: scores, tables, plots and the summary of a trained model."""

import jax
import numpy as np
import pytest
from toys import Dropping

from dynax.config.schema import EvalConfig
from dynax.errors import UserError
from dynax.evaluation import evaluate, metrics, portions
from dynax.evaluation.evaluation import spread
from dynax.evaluation.scores import Score
from dynax.evaluation.testset import TestSource, make_testset
from dynax.trained import TrainedModel

CONFIG = EvalConfig(num_trajectories=6, seconds=1.0, seed=3, warmup=5)


@pytest.fixture(scope="module")
def trained(slide):
    """Return an untrained model with a history of two states, as a Python user has it."""
    model = Dropping(env=slide)
    return TrainedModel(model, model.create(jax.random.PRNGKey(0), model.identity_normalization()))


@pytest.fixture(scope="module")
def evaluation(trained):
    return evaluate(trained, CONFIG)


def test_scores_are_the_metrics_of_the_rollout(trained, evaluation):
    env = trained.env
    test = make_testset(env, 6, 1.0, 3, "piecewise_constant", 5)
    predicted = np.asarray(trained.rollout(*test.inputs(2)))
    np.testing.assert_array_equal(evaluation.examples.truth, test.truth[evaluation.examples.rows])
    np.testing.assert_array_equal(evaluation.examples.predicted, predicted[evaluation.examples.rows])
    error = metrics.normalized_error(env.space, test.truth, predicted, metrics.state_std(env.space, test.truth))
    np.testing.assert_array_equal(evaluation.scores["model"].error, error)
    assert list(evaluation.scores) == ["model", "ceiling", "constant velocity", "hold last"]


def test_a_given_test_set_replaces_the_one_of_the_config(trained, evaluation):
    other = evaluate(trained, test=make_testset(trained.env, 6, 1.0, 3, "piecewise_constant", 5))
    assert other.summary()["scores"] == evaluation.summary()["scores"]
    assert (other.summary()["eval_seed"], other.summary()["actions"]) == (None, None)
    assert (other.summary()["trajectories"], other.summary()["seconds"]) == (6, 1.0)


def test_the_summary_of_a_model_from_python_has_no_information_about_its_training(evaluation):
    summary = evaluation.summary()
    assert (summary["env"], summary["eval_seed"], summary["actions"]) == ("slide", 3, "piecewise_constant")
    for key in ("best_epoch", "dataset_sha256", "training_seed"):
        assert summary[key] is None


@pytest.mark.parametrize("given", [False, True])
def test_the_portions_of_a_test_do_not_influence_the_scores(trained, evaluation, given, monkeypatch):
    """Six trajectories in portions of four, and the last portion is padded."""
    test = make_testset(trained.env, 6, 1.0, 3, "piecewise_constant", 5) if given else None
    monkeypatch.setattr(portions, "PORTION_BYTES", 4 * 8 * 2 * 56)
    other = evaluate(trained, CONFIG, test)
    np.testing.assert_array_equal(other.examples.rows, evaluation.examples.rows)
    np.testing.assert_array_equal(other.examples.truth, evaluation.examples.truth)
    np.testing.assert_allclose(other.std, evaluation.std, rtol=1e-12)
    for name, score in evaluation.scores.items():
        np.testing.assert_allclose(other.scores[name].error, score.error, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(other.scores[name].rmse, score.rmse, rtol=1e-4, atol=1e-6)


def test_a_portion_has_a_bounded_size_whatever_the_number_of_trajectories(trained, monkeypatch):
    sizes, read = [], TestSource.read
    monkeypatch.setattr(TestSource, "read", lambda self, a, b: sizes.append(b - a) or read(self, a, b))
    source = TestSource.of(trained.env, 20, 1.0, 3, "piecewise_constant", 5)
    monkeypatch.setattr(portions, "PORTION_BYTES", 3 * 8 * 2 * (5 + source.steps + 1))  # three trajectories
    parts = portions.Portions(source, trained.env.space)
    assert (len(parts), parts.size) == (7, 3)
    assert sum(len(part) for part in parts) == 20
    assert max(sizes) == 3


def test_tables_have_a_cell_for_every_column(evaluation):
    scores, physical = evaluation.tables()
    assert [row[0] for row in scores.rows] == list(evaluation.scores)
    assert [row[0].split()[-1] for row in physical.rows] == ["[m]", "[m/s]"]
    for table in (scores, physical):
        assert {len(row) for row in table.rows} == {len(table.columns)}


def test_plots_are_saved(evaluation, tmp_path):
    evaluation.save_plots(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["horizon.png", "trajectories.png"]


def test_a_short_warm_up_is_an_error(trained):
    with pytest.raises(UserError, match=r"^warmup=0 is too short for a model of 2 states: it must be at least 1"):
        evaluate(trained, EvalConfig(num_trajectories=2, seconds=0.1, warmup=0))


def test_plotted_trajectories_are_spread_from_the_worst_to_the_best():
    steps = np.array([30, 99, 5, 60, 1, 80, 99, 20, 10, 40, 99])  # of the first large error; 99: never
    score = Score((np.arange(99) >= steps[:, None]).astype(float), np.zeros((99, 2)), ())
    selected = steps[spread(score, 3)]
    assert selected.tolist() == sorted(selected)
    assert selected[0] == 5
    assert selected[-1] == 99
    assert len(set(spread(score, 50))) == len(spread(score, 50)) > 3
