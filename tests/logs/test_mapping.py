"""Mappings of logs: their text, their numbers, and mappings that do not fit the log."""

import pytest
from synthetic import drive_csv

from dynax.config.bounds import check_memory
from dynax.errors import UserError
from dynax.logs.mapping import read_mapping


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"qpos": ["pos"]}, r"qpos: log.csv has no column pos \(did you mean `pos_rad`\?\); its columns are"),
        ({"time": None}, "the mapping has neither time nor dt"),
        ({"test": ["other.csv"]}, "mapping.test: other.csv is no recording of the log"),
        ({"test": ["log.csv"]}, "mapping.test names all recordings"),
        ({"block": 100.0}, "mapping.block=100 is longer than the longest segment"),
        ({"mjcf": "none.xml"}, "mapping.mjcf=none.xml: the file does not exist"),
        ({"qpos": [" "]}, "a column without a name"),
        ({"qvel": ["vel_rad_s", "x"]}, "mapping.qvel has 2 columns, and qpos has 1: give one per position"),
        ({"scale": {"pos_rad": 1e14}}, r"log.csv, sample \d+: pos_rad is .* with `units:`, `scale:` and `offset:`"),
        ({"mjcf": "/tmp"}, "mapping.mjcf=/tmp: this is a directory, not a file"),
        ({"name": "../../x"}, "mapping.name='../../x' must be a plain name: no path, and no point at the beginning"),
        ({"name": ".hidden"}, "mapping.name='.hidden' must be a plain name"),
        ({"name": " "}, "mapping.name=' ' must be a plain name"),
        ({"name": "a\ud800"}, "mapping.name='a.*' must be a plain name"),
        ({"qpos": ["\ud800"]}, "the column '.ud800' contains characters that are not UTF-8: rename it in the log"),
        ({"mjcf": "/dev/null"}, "mapping.mjcf=/dev/null: this is not a regular file"),
        (
            {"dt": "0.01", "time": None},
            "mapping.dt=0.01 must be a number, not str: remove the quotes around the number",
        ),
        ({"episode": ""}, "episode: log.csv has no column ''; its columns are"),
        ({"test": [""]}, "mapping.test: '' is no recording of the log"),
        ({"name": ""}, "mapping.name='' must be a plain name"),
        ({"scale": {"pos_rad": 0}}, "mapping.scale.pos_rad=0 is out of range: its absolute value must be at least"),
        ({"scale": {"pos_rad": -1e300}}, "mapping.scale.pos_rad=.* is out of range: it must be finite and at most"),
        ({"scale": {"pos_rad": 1e-300}}, "mapping.scale.pos_rad=1e-300 is out of range"),
        ({"scale": {"pos_rad": float("nan")}}, "mapping.scale.pos_rad=nan is out of range"),
        ({"offset": {"pos_rad": 1e11}}, r"mapping.offset.pos_rad=1e\+11 is out of range"),
        ({"wrap": {"pos_rad": 1e11}}, r"mapping.wrap.pos_rad=1e\+11 is out of range"),
        ({"scale": {"time_s": 2}}, "mapping.scale.time_s: the time stamps have only a unit"),
        ({"kinds": {"force_N": "angle"}}, "mapping.kinds.force_N: only positions have a kind"),
        ({"time": None, "dt": 1e9}, "mapping.dt=1e.*9 is out of range: it must be at least 1e-07 and at most 10"),
        ({"resample": 1e9}, "mapping.resample=1e.*9 is out of range"),
        ({"gap": 1e9}, "mapping.gap=1e.*9 is out of range"),
    ],
)
def test_a_mapping_that_does_not_fit_is_explained(drive, tmp_path, keys, message):
    source = drive_csv(tmp_path / "log.csv")
    with pytest.raises(UserError, match=message):
        drive(source, **keys)


def test_the_grid_of_a_log_must_fit_into_memory(drive, tmp_path, monkeypatch):
    source = drive_csv(tmp_path / "log.csv")
    monkeypatch.setattr("dynax.logs.resampling.check_memory", lambda *args: check_memory(args[0], 1e18, args[2]))
    with pytest.raises(UserError, match=r"log.csv, resampled .* needs about .* GB of memory.*: increase `resample:`"):
        drive(source, resample=1e-6)


@pytest.mark.parametrize("name", ["x" * 300, "\u00fc" * 200])
def test_a_long_name_of_a_machine(drive, tmp_path, name):
    path = drive(drive_csv(tmp_path / "log.csv"), name=name).dataset.path
    assert path.is_dir()
    assert len(path.name.encode()) < 200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("qpos: [q]\nqpos: [r]\n", "line 2: the key qpos occurs twice"),
        ("qpos: &a [q]\nqvel: *a\n", r"line 2: an alias \(\*name\) is not allowed"),
        ("qpos: " + "[" * 500, "the text is nested too deeply"),
        ("qpos: [q]\ndt: " + "9" * 5000, "Exceeds the limit"),
        ("qpos: !!python/object:os.system x", "line 1: could not determine a constructor"),
        ("#" * 2_000_000, "the text has 2,000,000 characters"),
        ("[]", "must contain keys and values"),
        ("qpos: [q]\nblock: 1:30", "line 2: 1:30 is not a plain number: write its decimal digits, or quote a text"),
        ("qpos: [q]\nblock: 010", "line 2: 010 is not a plain number"),
        ("qpos: [q]\nblock: 1_0.5", "line 2: 1_0.5 is not a plain number"),
    ],
)
def test_a_wrong_mapping_is_explained(tmp_path, text, message):
    (tmp_path / "map.yaml").write_text(text)
    with pytest.raises(UserError, match=f"map.yaml:? {message}"):
        read_mapping(tmp_path / "map.yaml")


@pytest.mark.parametrize("text", ["1e-3", "1.0e-3", ".1e-2", "0.001", "1.E-3"])
def test_numbers_of_a_mapping_are_those_of_the_command_line(tmp_path, text):
    (tmp_path / "map.yaml").write_text(f"qpos: [q]\nresample: {text}\noffset: {{q: 1.0e9}}\n")
    mapping = read_mapping(tmp_path / "map.yaml")
    assert (mapping.resample, mapping.offset) == (1e-3, {"q": 1e9})
