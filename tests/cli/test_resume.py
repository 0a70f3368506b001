"""`training.resume=<run>` goes on in the run's own directory and leaves what is there."""


def files_of(folder):
    return {file.name: file.read_text() for file in folder.iterdir() if file.is_file()}


def test_it_goes_on_in_place(dynax, tmp_path):
    [run] = dynax("train", "env=cart_pole", "training.seed=3", acts={3: "noise"}).paths
    before, log = files_of(run / ".hydra"), (run / "dynax.log").read_text()
    ran = dynax("train", f"training.resume={run.relative_to(tmp_path)}", "training.seed=1", acts={1: "noise"})
    assert ran.paths == [run]
    assert files_of(run / ".hydra") == before
    assert "training.seed=1" in (run / ".hydra" / "resumed" / "overrides.yaml").read_text()
    assert (run / "dynax.log").read_text().startswith(log)
    assert (run / "dynax.log").read_text().count("a log line") == 2
    assert len(list(tmp_path.rglob("summary.json"))) == 1


def test_wrong_input_leaves_the_run(dynax):
    [run] = dynax("train").paths
    (run / "summary.json").unlink()  # as if killed early
    before = files_of(run / ".hydra")
    assert dynax("train", f"training.resume={run}", "training.seed=1", acts={1: "wrong"}).code == 2
    assert files_of(run / ".hydra") == before


def test_a_sweep_continues_runs_where_they_are(dynax):
    runs = [dynax("train").paths[0] for _ in range(2)]
    ran = dynax("train", "-m", f"training.resume={runs[1]},{runs[0]}")
    assert ran.paths == [runs[1], runs[0]]
