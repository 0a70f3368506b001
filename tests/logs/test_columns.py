"""Columns of logs without a number for each sample: the error names the reason."""

import numpy as np
import pytest
from synthetic import drive_csv, motion, write_csv

from dynax.errors import UserError
from dynax.logs import formats

N = 40
UNUSABLE = {
    "kind": (np.array([{}] * N, object), "has the type object, but must have numbers"),
    "complex": (np.ones(N, complex), "has the type complex128, but must have numbers"),
    "label": (np.full(N, "text"), "has the type <U4, but must have numbers"),
    "stamp": (np.zeros(N, "datetime64[ns]"), r"has the type datetime64\[ns\], but must have numbers"),
    "gain": (np.array(2.0), "is a single number, but must have one number per sample"),
    "none": (np.zeros((N, 0)), r"has the shape \(40, 0\), and no number in a sample"),
    "empty": (np.zeros(0), "has 0 rows instead of 40"),
    "slow": (np.zeros(10), "has 10 rows instead of 40"),
    "image": (np.zeros((N, 200, 200), np.uint8), "has 40,000 numbers per sample, more than 10,000"),
}


def wrong_column(source, name):
    """Read a column of a log, which raises the error about it."""
    for recording in formats.read(source).recordings:
        recording.column(name, "qpos")


@pytest.mark.parametrize("name", UNUSABLE)
def test_npz(tmp_path, name):
    arrays = {"q": np.arange(N), "u": np.arange(N), **{key: array for key, (array, _) in UNUSABLE.items()}}
    np.savez(tmp_path / "log.npz", **arrays)
    with pytest.raises(UserError, match=f"qpos: the column {name} of log.npz {UNUSABLE[name][1]}; choose another"):
        wrong_column(tmp_path / "log.npz", name)


@pytest.mark.parametrize("name", ["complex", "gain", "none", "empty", "slow", "image", "link", "null", "volume"])
def test_hdf5(tmp_path, name):
    h5py = pytest.importorskip("h5py")
    reasons = {
        **{key: reason for key, (_, reason) in UNUSABLE.items()},
        "link": "is damaged, or a link to nothing",
        "null": "is empty",
        "volume": "has 3 axes, but must have one or two",
    }
    with h5py.File(tmp_path / "log.hdf5", "w") as file:
        file["q"], file["volume"], file["null"] = np.arange(N), np.zeros((N, 2, 2)), h5py.Empty("f8")
        file["link"] = h5py.SoftLink("/nowhere")
        for key, (array, _) in UNUSABLE.items():
            if array.dtype.kind not in "OUM":
                file[key] = array
    with pytest.raises(UserError, match=f"qpos: the column {name} of log.hdf5 {reasons[name]}; choose another"):
        wrong_column(tmp_path / "log.hdf5", name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("text", "has the type string, but must have numbers"),
        ("nested", "has lists whose parts differ in length"),
        ("ragged", "has lists of different lengths, from 1 to 2"),
        ("gaps", "has lists of different lengths, from 0 to 2"),
        ("hollow", r"has the shape \(2, 0\), and no number in a sample"),
        ("pair", "has the type struct<a: double>, but must have numbers"),
    ],
)
def test_parquet(tmp_path, name, reason):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {
        "q": [1.0, 2.0],
        "text": ["a", "b"],
        "nested": [[[1.0], [2.0, 3.0]], [[1.0], [2.0]]],
        "ragged": [[1.0], [2.0, 3.0]],
        "gaps": [None, [2.0, 3.0]],
        "hollow": pyarrow.array([[], []], pyarrow.list_(pyarrow.float64())),
        "pair": [{"a": 1.0}, {"a": 2.0}],
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "log.parquet")
    with pytest.raises(UserError, match=f"qpos: the column {name} of log.parquet {reason}; choose another"):
        wrong_column(tmp_path / "log.parquet", name)


@pytest.mark.parametrize("cell", ["1_0", "\uff11", "0x10", "1e", "infinit", "1 2", "1,0", "--1", "x" * 30])
def test_a_cell_of_a_csv_file_that_is_no_plain_number(tmp_path, cell):
    (tmp_path / "log.csv").write_text(f'q,u\n"{cell}",1\n"{cell}",2\n')
    with pytest.raises(UserError, match=f"the column q of log.csv is text: '{cell}' in line 2 is not a number; choose"):
        wrong_column(tmp_path / "log.csv", "q")
    (tmp_path / "log.csv").write_text(f'q,u\n0,1\n"{cell}",2\n')
    with pytest.raises(UserError, match=f"log.csv, line 3: '{cell}' in the column q is not a number"):
        formats.read(tmp_path / "log.csv")


def test_all_spellings_of_numbers_in_a_csv_file(tmp_path):
    cells = ["+1", " -1. ", ".5", "1e+2", "1E-2", "Inf", "-infinity", "NaN", "-nan", "", "9" * 400]
    (tmp_path / "log.csv").write_text("q;u\n" + "".join(f"{cell};1\n" for cell in cells))
    [recording] = formats.read(tmp_path / "log.csv").recordings
    expected = [1, -1, 0.5, 100, 0.01, np.inf, -np.inf, np.nan, np.nan, np.nan, np.inf]
    np.testing.assert_array_equal(recording.columns["q"].values, expected)


def test_infinite_values_are_no_missing_values(drive, tmp_path):
    time, q, v, action = motion(400)
    columns = {"time_s": time, "pos_rad": q, "vel_rad_s": v, "force_N": action}
    q[50], q[60], v[70] = np.inf, np.nan, -np.inf
    source = write_csv(tmp_path / "log.csv", columns)
    text = source.read_text().split("\n")
    text[101] = text[101].replace(text[101].split(",")[3], "9" * 400)
    source.write_text("\n".join(text))
    found = {(f.where, f.what) for f in drive(source, test_fraction=0).report.findings if f.action == "dropped"}
    assert found == {
        ("log.csv, pos_rad", "1 missing values (NaN)"),
        ("log.csv, pos_rad", "1 infinite values, or numbers above 1e308"),
        ("log.csv, vel_rad_s", "1 infinite values, or numbers above 1e308"),
        ("log.csv, force_N", "1 infinite values, or numbers above 1e308"),
    }


def test_an_infinite_time_stamp_is_dropped(drive, tmp_path):
    time = motion(400)[0]
    time[7] = -np.inf
    findings = drive(drive_csv(tmp_path / "log.csv", time_s=time)).report.findings
    assert ("dropped", "1 samples without a finite time stamp") in {(f.action, f.what) for f in findings}


def test_a_period_that_the_values_exceed_is_noted(drive, tmp_path):
    findings = drive(drive_csv(tmp_path / "log.csv"), wrap={"pos_rad": 1e-3}).report.findings
    assert "the values span more than the period 0.001 of `wrap:`, and are not unwrapped" in [f.what for f in findings]


def test_two_columns_with_the_same_name_are_an_error(tmp_path):
    np.savez(tmp_path / "log.npz", **{"q": np.zeros((N, 2)), "q.0": np.zeros(N)})
    with pytest.raises(UserError, match=r"log.npz: two columns are called 'q.0'; rename one of them"):
        formats.read(tmp_path / "log.npz")
