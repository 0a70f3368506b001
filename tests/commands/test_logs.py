"""Every command of docs/logs.md, on a synthetic twin of the log on this page."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from synthetic import motion, write_csv

from dynax.trained import load

PAGE = Path(__file__).parents[2] / "docs" / "logs.md"
SMALL = ["training=smoke", "training.optimizer=adam", "model.hidden_dims=[16]"]


def twin(path):
    """Write a log with the columns of the page, at 500 Hz with jitter and with quantized positions."""
    rng = np.random.default_rng(0)
    time, q, v, tau = motion(6000, dt=0.002)
    time = time + rng.uniform(0, 2e-4, len(time))
    columns = {
        "time_s": time,
        "shoulder_pos_rad": np.round(q / 3.8e-4) * 3.8e-4,
        "shoulder_vel_rad_s": v + 0.02 * rng.normal(size=len(v)),
        "shoulder_tau_Nm": tau,
    }
    return write_csv(path, columns)


def commands():
    """Return the commands of the page: the shell variable that receives the output, and the words."""
    section = PAGE.read_text().partition("## Treatment of the samples")[0]
    lines = "\n".join(re.findall(r"```bash\n(.*?)```", section, re.DOTALL)).splitlines()
    parsed = [re.fullmatch(r"(?:(\w+)=\$\()?dynax ([^)]*)\)?", line) for line in lines if line]
    return [(match[1], match[2].split()) for match in parsed]


@pytest.mark.slow
def test_the_commands_of_the_page_lead_from_a_csv_file_to_a_clip(dynax):
    twin(dynax.folder / "log.csv")
    variables, summaries = {}, {}
    assert [words[0] for _, words in commands()] == ["import", "import", "inspect", "train", "eval", "render"]
    for variable, (command, *words) in commands():
        words = [re.sub(r"\$(\w+)", lambda match: variables[match[1]], word) for word in words]
        ran = dynax(command, *words, *(SMALL if command == "train" else []))
        variables[variable] = str(ran.path)
        if (summary := ran.path / "summary.json").is_file():
            summaries[command] = json.loads(summary.read_text())
    drafted = (dynax.folder / "map.yaml").read_text()
    assert "time: time_s  # [s], median interval 0.002 s\nqpos: [shoulder_pos_rad]  # rad\n" in drafted
    assert summaries["eval"]["simulations"] == 1
    errors = summaries["eval"]["horizons"]["shoulder_pos_rad [rad]"]
    assert set(errors) == {"model", "constant velocity", "hold last"}
    assert errors["hold last"]["0.5"]["rmse"] > 100 * summaries["eval"]["noise_std"]["shoulder_pos_rad [rad]"]
    assert Path(summaries["render"]["files"]["gif"]).stat().st_size > 1000
    assert summaries["inspect"]["dt_s"] == 0.002
    model = load(variables["RUN"])
    assert (model.env.name, model.env.dt, model.env.space.units) == ("log", 0.002, ("rad", "rad/s"))


def test_import_reports_wrong_input_in_one_line(dynax):
    log = twin(dynax.folder / "log.csv")
    (dynax.folder / "wrong.yaml").write_text("time: time_s\nqpos: [shoulder_pos_rat]\n")
    ran = dynax("import", f"source={log}", "mapping=wrong.yaml")
    assert (ran.code, ran.out) == (2, "")
    assert "did you mean `shoulder_pos_rad`?" in ran.err
    assert not (dynax.folder / "outputs" / "datasets").exists()
