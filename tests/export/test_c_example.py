"""The C example steps an exported model."""

import re
import subprocess
from pathlib import Path

from dynax.export import export

EXAMPLE = Path(__file__).parents[2] / "examples" / "step_model.c"


def test_the_example_steps_a_model_faster_than_its_control_step(trained, tmp_path):
    for name, content in export(trained("mlp"), "c").items():
        (tmp_path / name).write_bytes(content)
    warnings = ["-std=c99", "-Wall", "-Wextra", "-Werror"]
    sources = [str(EXAMPLE), str(tmp_path / "model.c")]
    program = tmp_path / "step_model"
    subprocess.run(["gcc", *warnings, "-O3", f"-I{tmp_path}", *sources, "-lm", "-o", str(program)], check=True)
    printed = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    median, p99 = map(float, re.search(r"median (.*) us, p99 (.*) us", printed).groups())
    assert median <= p99
    assert median < 100  # the 99th percentile depends on the load of the machine
