"""`training.resume=<run>` goes on in the run's own directory and leaves what is there."""

from pathlib import Path


def config_of(run: Path) -> str:
    return (run / ".hydra" / "config.yaml").read_text()


def test_it_goes_on_in_place(dynax, tmp_path):
    [run] = dynax("train", "env=cart_pole", "training.seed=3").paths
    before, log = config_of(run), (run / "dynax.log").read_text()
    ran = dynax("train", f"training.resume={run.relative_to(tmp_path)}", "training.seed=1", acts={1: "noise"})
    assert ran.paths == [run]
    assert config_of(run) == before
    assert "seed: 1" in config_of(run / ".hydra" / "resumed" / "..").join([(run / ".hydra/resumed/config.yaml").read_text()])
    assert (run / "dynax.log").read_text().startswith(log)
    assert "a log line" in (run / "dynax.log").read_text()
    assert len(list((tmp_path / "outputs" / "train").rglob("summary.json"))) == 1
