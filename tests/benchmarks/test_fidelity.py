"""Test the tables of `docs/fidelity.md`: their rendering, the settings of their rows, and one small table."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from benchmarks.document import filled
from benchmarks.fidelity import ablation, curve, few, headline, nerd, robots, targets, trainings
from benchmarks.fidelity.__main__ import TABLES
from benchmarks.fidelity.cells import given
from benchmarks.fidelity.document import DOCUMENT, README, committed, committed_headline, file_of, rendered
from benchmarks.fidelity.grids import grids
from benchmarks.fidelity.table import Row
from dynax import architectures, envs
from dynax.cli.composition import conf, resolvers
from dynax.cli.composition.check import check

REPOSITORY = Path(__file__).parents[2]
CAPPED = {"median_s": 25.0, "p10_s": 20.0, "capped": True, "of_ceiling": 1.0}
PAIRS = [
    (name, row, model)
    for name, table in TABLES.items()
    for row in (table.rows if name != "curve" else table.rows[-1:])  # rows of `curve` differ only in numbers
    for model in row.models
]


def result(row="mlp", env="cart_pole", model="mlp", seed=0, seconds=4.0, **more):
    """Return the result of a training with a VPT of `seconds`."""
    valid = {"median_s": seconds, "p10_s": 1.0, "capped": False, "of_ceiling": seconds / 16}
    return {
        "row": row, "label": row, "env": env, "model": model, "seed": seed, "given": ["joints"], "failed": False,
        "wall_s": 61.0 + seed, "training_s": 60.0 + seed, "parameters": 12345, "transitions": 300,
        "nrmse": {"1": 1e-5, "100": 0.01 * (seed + 1)}, "vpt": {"0.1": valid, "0.4": CAPPED},
        "ceiling": {"0.1": {**valid, "median_s": 16.0}, "0.4": CAPPED}, "commit": "abcdef012", **more,
    }  # fmt: skip


def diverged(**more):
    """Return the result of a training that diverged."""
    fields = {k: v for k, v in result(**more).items() if k in ("row", "label", "env", "model", "seed")}
    return fields | {"failed": True, "vpt": trainings.FAILED}


def cells(table):
    """Return the cells of a Markdown table without its header."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:] if line[:1] == "|"]


def test_a_line_of_targets_is_a_median_over_seeds():
    results = [result(seed=seed, seconds=4.0 + seed) for seed in range(3)]
    [line] = cells(targets.render(results))
    each = ["4.0 / 5.0 / 6.0", "16.0 s", "31%", "> 25.0 s", "1 min 02 s", "12,345", "a"]
    assert line == ["cart_pole, mlp", "5.0 s", *each]


def test_the_share_of_a_capped_ceiling_is_a_bound():
    [line] = cells(targets.render([result(ceiling={"0.1": CAPPED, "0.4": CAPPED})]))
    assert line[3:5] == ["> 25.0 s", "< 25%"]


def test_targets_are_sorted_by_robot():
    results = [result(env=env, model=model) for model in ("mlp", "lagrangian") for env in ("pendulum", "acrobot")]
    names = [line[0] for line in cells(targets.render(results))]
    assert names == ["pendulum, mlp", "pendulum, lagrangian", "acrobot, mlp", "acrobot, lagrangian"]


def test_robots_are_compared_with_the_naive_network():
    naive = [result("naive", env, nrmse={"1": 0.04}) for env in ("hopper", "arm")]
    results = [*naive, result("mechanical", "hopper", label="", model="mechanical", nrmse={"1": 2e-5})]
    lines = cells(robots.render(results))
    assert [line[0] for line in lines] == ["hopper, naive", "hopper, mechanical", "arm, naive"]
    assert [line[4:6] for line in lines] == [["0.04", "–"], ["2e-05", "2,000 times"], ["0.04", "–"]]


def test_the_readme_has_selected_rows_in_a_fixed_order():
    results = [
        result("rigid", "hopper", "rigid", seed=seed, seconds=8.0 + seed, ceiling={"0.1": CAPPED, "0.4": CAPPED})
        for seed in range(3)
    ]
    results += [result("naive", "hopper"), result("mlp"), result("transformer", model="transformer")]
    assert {r["row"] for r in headline.rows_of(results)} == {"rigid", "mlp", "transformer"}
    assert cells(headline.render(results)) == [
        ["cart_pole", "mlp", "4.0 s", "16.0 s", "25%", "1 min 01 s"],
        ["cart_pole", "transformer", "4.0 s", "16.0 s", "25%", "1 min 01 s"],
        ["hopper", "rigid", "9.0 s", "> 25.0 s", "< 57%", "1 min 02 s"],
    ]
    assert len(cells(committed_headline())) == len(headline.ROWS) == 10


def test_a_training_that_diverged_counts_as_zero():
    results = [diverged(seed=0), diverged(seed=1), result(seed=2)]
    assert cells(targets.render(results))[0][1] == "0.0 s (2 of 3 failed)"
    assert cells(ablation.render(results))[0][:3] == ["mlp", "0.0 s (2 of 3 failed)", "0.03"]
    assert cells(ablation.render(results[:2]))[0][2] == "–"


def test_an_ablation_has_one_line_for_each_row_and_ends_with_the_ceiling():
    results = [result(row, env, seed=seed) for row in ("baseline", "mixed") for env in ablation.ENVS for seed in (0, 1)]
    first, mixed, limit = cells(ablation.render(results))
    assert first == ["baseline", *["4.0 s"] * 3, *["0.015"] * 3, "1 min 00 s", "a"]
    assert mixed[0] == "mixed"
    assert limit[:4] == ["*ceiling*", *["16.0 s"] * 3]


@pytest.mark.slow
@pytest.mark.parametrize(("row", "model"), ablation.DEFAULTS.items())
def test_rows_marked_as_default_differ_from_the_config_only_in_the_number_of_epochs(composed, row, model):
    settings = next(r.settings for r in ablation.TABLE.rows if r.name == row)
    overrides = ["env=double_cart_pole", f"model={model}"]  # the recipe of the cart pole has larger batches
    default, row_config = (
        composed(overrides),
        composed([*overrides, *(f"{key}={value}" for key, value in settings.items())]),
    )
    differing = {
        f"{group}.{key}"
        for group in ("excitation", "model", "training")
        for key in default[group]
        if default[group][key] != row_config[group].get(key)
    }
    assert differing == {"training.num_epochs"}


def test_the_table_of_few_data():
    cases = [(label, seed) for label in ("", "wide") for seed in (0, 1, 2)]
    results = [result(seed=seed, error=0.1 + seed, rounded=2e-6, label=label) for label, seed in cases]
    plain, wide = cells(few.render(results))
    assert plain[:5] == ["cart_pole, mlp", "1.1", "0.1 / 1.1 / 2.1", "2e-06", "4.0 s"]
    assert wide == ["cart_pole, mlp, wide", *plain[1:]]


def test_prior_knowledge_has_one_letter_for_each_entry():
    lines = [[result(given=[])], [result(given=["x"]), result(given=["y", "x"])], [diverged(), result(given=["y"])]]
    assert given(lines) == (["–", "a b", "b"], "Prior knowledge: *a* x; *b* y.")


def test_a_curve_has_a_table_and_a_picture(tmp_path):
    sizes = (500, 1500)
    results = [
        result(f"n{n}", model=model, seed=seed, transitions=n)
        for n in sizes for model in curve.MODELS for seed in (0, 1)
    ]  # fmt: skip
    assert [line[0] for line in cells(curve.render(results))] == ["n500", "n1500"]
    curve.plot(tmp_path / "curve.png", results)
    assert (tmp_path / "curve.png").stat().st_size > 10_000


@pytest.mark.parametrize("transitions", curve.TRANSITIONS)
def test_each_size_of_the_curve_has_about_the_same_number_of_updates(transitions):
    options = {key.partition(".")[2]: int(value) for key, value in curve.settings(transitions).items()}
    assert options["num_rollouts"] * options["rollout_length"] == transitions
    updates = options["num_epochs"] * (transitions * 9 // 10 // options["batch_size"])
    assert 13_000 < updates < 17_000


def test_a_published_task_is_compared_with_the_published_errors():
    figures = {c: {str(k): 1e-3 for k in nerd.HORIZONS} for c in nerd.COORDINATES}
    ours, theirs = cells(nerd.render([result(**figures)]))
    assert ours[:2] == ["Dynax, mlp", "0.001 m"]
    assert theirs[1:7] == ["0.0002 m", "0.004 m", "0.033 m", "0.0004 rad", "0.013 rad", "0.075 rad"]


def test_the_line_below_a_table_names_command_date_and_machine():
    content = {
        "command": "python -m benchmarks.fidelity targets", "date": "2026-01-02", "cores": 2, "jobs": 1,
        "machine": "x86_64 Linux, Python 3.11.7", "results": [result(seed=0), diverged(seed=1), result(seed=2)],
    }  # fmt: skip
    caption = rendered(targets.TABLE, content).splitlines()[-1]
    assert caption == (
        "`python -m benchmarks.fidelity targets`, 2026-01-02, 2 x86_64 cores, one job at a time, medians of 3 seeds, "
        "commit abcdef0."
    )


def test_a_table_replaces_the_text_between_its_markers():
    text = "before\n<!-- table: a -->\nold\n<!-- end of a -->\nafter"
    once = filled(text, {"a": r"new \1"})
    assert once == "before\n<!-- table: a -->\n\nnew \\1\n\n<!-- end of a -->\nafter"
    assert filled(once, {"a": r"new \1"}) == once
    with pytest.raises(ValueError, match="table: b"):
        filled(text, {"b": "new"})


def test_the_documents_contain_the_committed_tables():
    tables = {name: committed(table) for name, table in TABLES.items()}
    assert filled(DOCUMENT.read_text(), tables) == DOCUMENT.read_text()
    assert filled(README.read_text(), {"results": committed_headline()}) == README.read_text()


def test_missing_runs_are_swept_in_few_grids():
    complete = list(Row("row", ("a", "b"), ("m", "n")).trainings([0, 1]))
    assert grids(complete) == [(("a", "b"), ("m", "n"), (0, 1))]
    expected = [(("a",), ("m",), (1,)), (("a", "b"), ("n",), (0, 1)), (("b",), ("m",), (0, 1))]
    assert grids(complete[1:]) == expected
    assert grids([]) == []


def test_runs_with_other_settings_have_another_folder():
    one, other = Row("row", ("a",), settings={"x": "1"}), Row("row", ("a",), settings={"x": "2"})
    assert one.folder != other.folder
    assert one.folder == Row("row", ("b",), settings={"x": "1"}).folder


@pytest.fixture(scope="module")
def composed():
    """Return a function that composes the config of `dynax train` from overrides."""
    resolvers.register()
    with initialize_config_dir(str(conf.directory()), version_base="1.3"):
        yield lambda overrides: compose("train", overrides)


@pytest.mark.slow
@pytest.mark.parametrize(("row", "model"), [p[1:] for p in PAIRS], ids=["-".join((t, r.name, m)) for t, r, m in PAIRS])
def test_every_row_can_be_trained(composed, row, model):
    settings = [f"{key}={value}" for key, value in row.settings.items()]
    config = composed([f"env={row.envs[-1]}", f"model={model}", *settings])
    check("train", config)
    assert architectures.make(envs.make(config.env), config.model).env.name == row.envs[-1]


def test_a_quick_table_is_small_and_has_no_duplicate_rows():
    quick = curve.TABLE.quick()
    assert [row.label for row in quick.rows] == ["500", "1,500", "15,000"]
    assert {row.settings["training"] for row in quick.rows} == {"smoke"}
    assert {row.settings["training.num_epochs"] for row in quick.rows} == {"2"}
    assert len(ablation.TABLE.quick().rows) == len(ablation.TABLE.rows)
    assert {row.envs for row in ablation.TABLE.quick().rows} == {("pendulum",)}


@pytest.mark.slow
def test_a_small_table_is_measured_once(tmp_path):
    before = file_of(nerd.TABLE).read_bytes() if file_of(nerd.TABLE).exists() else None
    command = [sys.executable, "-m", "benchmarks.fidelity", "nerd", "--quick", "--jobs=1", f"--keep={tmp_path}"]
    first, second = (
        subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout for _ in range(2)
    )
    assert "evaluating 1 runs" in first
    assert "seeds 0" not in second
    assert first.endswith(second)
    [entry] = json.loads((tmp_path / "quick" / "nerd.json").read_text())["results"]
    assert (entry["seed"], entry["failed"], entry["settings"]["training"]) == (0, False, "smoke")
    assert set(entry["cart_m"]) == {"100", "500", "1000"}
    assert before == (file_of(nerd.TABLE).read_bytes() if file_of(nerd.TABLE).exists() else None)
