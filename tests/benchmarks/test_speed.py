"""Test the tables of `docs/speed.md`: the figures that follow from given times, and the committed tables."""

import pytest

from benchmarks.document import filled
from benchmarks.speed import commands, contacts, cores, pareto, predictions, simulation, time_by_part, training
from benchmarks.speed.__main__ import DOCUMENT, TABLES, committed


def clock(*times):
    """Return a substitute for `benchmarks.common.seconds`: it runs the task and returns the next of `times`."""
    remaining = iter(times)

    def seconds(task):
        task()
        return next(remaining)

    return seconds


def test_the_table_of_collection_has_a_line_for_each_robot():
    robot = {"robot": "cart_pole", "ratio": 0.981, "collected_per_s": 1.5e6}
    assert simulation.table([robot]).splitlines()[2:] == ["| cart_pole | 1,500,000 | 0.98 |"]


def test_the_table_of_cores_has_the_speedups():
    result = {"robot": "hopper", "model": "mlp", "cores": 4, "one_core_ms": 20.0, "all_cores_ms": 8.0}
    line = cores.table([{**result, "speedup": 2.5, "speedup_beside_another_process": 1.25}]).splitlines()[2]
    assert line == "| hopper | mlp | 20.0 ms | 8.0 ms | 2.50 | 1.25 |"


def test_the_table_of_commands_has_their_sum():
    result = {"model": "mlp", "train": 160.0, "eval": 10.0, "render": 12.4, "vpt_s": 8.52}
    assert commands.table([result]).splitlines()[2] == "| `model=mlp` | 160 s | 10 s | 12 s | 182 s | 8.5 s |"


def test_speed_and_accuracy_are_plotted_and_in_a_table(tmp_path):
    speed = {"model": 5000.0, "mujoco": 10_000.0, "trajectories": 256, "cores": 2}
    result = {"model": "mlp", "vpt_s": 8.5, "ceiling_s": 15.3, "training_time_s": 170.4, "speed": speed}
    results = [{"robot": robot, **result} for robot in ("cart_pole", "hopper")]
    assert pareto.table(results).splitlines()[2] == "| cart_pole | mlp | 8.50 s | 15.30 s | 5,000 | 0.50 | 170 s |"
    for count in (1, 2):
        pareto.plot(tmp_path / "plot.png", results[:count])
        assert (tmp_path / "plot.png").stat().st_size > 1000


@pytest.mark.slow
def test_contact_detection_is_compared_with_a_step_of_mujoco_and_of_mjx(monkeypatch):
    """Three turns. Per state: detection 1, 2 and 3 us, by MJX 20 us; a step of MuJoCo 4 us, of MJX 100 us."""
    monkeypatch.setattr(contacts, "BATCH", 2)
    monkeypatch.setattr(contacts, "REPEATS", 1)
    monkeypatch.setattr(contacts, "MJX_REPEATS", 1)
    for task in ("mjx_detection", "mjx_steps"):  # MJX compiles for a minute
        monkeypatch.setattr(contacts, task, lambda *args: lambda: None)
    turns = [(2e-6 * us, 40e-6, 8e-6 * contacts.STEPS, 200e-6 * contacts.MJX_STEPS) for us in (1, 2, 3)]
    monkeypatch.setattr(contacts, "seconds", clock(*(time for times in turns for time in times)))
    result = contacts.measured("hopper", 3)
    figures = {"found_us": 2, "mjx_found_us": 20, "step_us": 4, "mjx_us": 100}
    figures |= {"of_mjx_found": 0.1, "ratio": 0.5, "of_mjx": 0.02}
    assert {key: result[key] for key in figures} == pytest.approx(figures)
    line = "| hopper | 14 | 2.0 µs | 0.100 (20 µs) | 0.020 (100 µs) | 0.50 (4.0 µs) |"
    assert contacts.table([result]).splitlines()[2] == line


def test_contact_detection_is_measured_only_for_robots_with_contacts():
    with pytest.raises(ValueError, match="pendulum has no possible contacts"):
        contacts.measured("pendulum", 1)


@pytest.mark.slow
def test_training_is_compared_with_a_loop_written_by_hand(monkeypatch):
    """Three rounds of one update each: 2, 3 and 8 ms by Dynax; 4, 3 and 4 ms by hand."""
    monkeypatch.setattr(training, "UPDATES", 1)
    monkeypatch.setattr(training, "WIDTHS", (4, 4))
    monkeypatch.setattr(training, "seconds", clock(2e-3, 4e-3, 3e-3, 3e-3, 8e-3, 4e-3))
    [result] = training.measure(3)
    figures = {"ratio": 1, "lowest_ratio": 0.5, "highest_ratio": 2, "dynax_ms": 3, "by_hand_ms": 4}
    assert {key: result[key] for key in figures} == pytest.approx(figures)
    line = "| MLP of 4 x 4, batch 512 | 1.00 | 0.50, 2.00 | 3.0 ms | 4.0 ms |"
    assert training.table([result]).splitlines()[2] == line


def test_the_document_contains_the_committed_tables():
    assert filled(DOCUMENT.read_text(), {name: committed(name) for name in TABLES}) == DOCUMENT.read_text()


def test_the_table_of_predictions_names_the_largest_parts():
    result = {"robot": "hopper", "model": "mlp", "per_s": 90_000.0, "mujoco_per_s": 225_000.0, "ratio": 0.4}
    result["parts"] = {"products and sums": 0.5, "mechanics": 0.3, "components": 0.15, "envs": 0.05}
    line = predictions.table([result]).splitlines()[2]
    assert line == "| hopper | mlp | 90,000 | 225,000 | 0.40 | products and sums 50%, mechanics 30%, components 15% |"


@pytest.mark.slow
def test_the_cost_of_predictions_is_compared_with_mujoco(monkeypatch):
    """Three rounds: predictions take 1, 2 and 3 s, simulations 4, 4 and 12 s."""
    monkeypatch.setattr(predictions, "BATCH", 2)
    monkeypatch.setattr(predictions, "seconds", clock(1.0, 4.0, 2.0, 4.0, 3.0, 12.0))
    result = predictions.measured("hopper", "mlp", 3)
    steps = 2 * predictions.STEPS
    assert (result["per_s"], result["mujoco_per_s"], result["ratio"]) == (steps / 2, steps / 4, 4.0)
    assert sum(result["parts"].values()) == pytest.approx(1)
    assert {"mechanics/collision", "mechanics/constraints", "architectures"} <= result["parts"].keys()


def test_the_part_of_an_operation_is_the_folder_of_its_innermost_line_outside_of_math():
    def file(name):
        return f'"{time_by_part.PACKAGE / name}"'

    program = f"""
FileNames
1 {file("mechanics/kinematics.py")}
2 {file("math/vectors.py")}
3 "/elsewhere/flax.py"

FunctionNames
1 "f"

FileLocations
1 {{file_name_id=1 function_name_id=1 line=1}}
2 {{file_name_id=2 function_name_id=1 line=1}}
3 {{file_name_id=3 function_name_id=1 line=1}}

StackFrames
1 {{file_location_id=1 parent_frame_id=1}}
2 {{file_location_id=2 parent_frame_id=1}}
3 {{file_location_id=3 parent_frame_id=3}}

ENTRY %main {{
  %add.1 = f32[2] add(%a, %b), metadata={{op_name="x" stack_frame_id=2}}
  %dot.2 = f32[2] dot(%a, %b), metadata={{op_name="x" stack_frame_id=3}}
  %copy.3 = f32[2] copy(%a)
}}
"""
    assert time_by_part.parts_of(program) == {"add.1": "mechanics", "dot.2": time_by_part.LIBRARY}
