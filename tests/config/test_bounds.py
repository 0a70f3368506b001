"""The memory that this process may use."""

import pytest

from dynax.config import bounds
from dynax.errors import UserError, check_range


def machine(root, files):
    """Write the files of a machine with 1000 kB of available memory, and `files` of its control group."""
    (root / "proc").mkdir()
    (root / "proc" / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:   1000 kB\n")
    group = root / "sys" / "fs" / "cgroup"
    (group / "memory").mkdir(parents=True)
    for name, text in files.items():
        (group / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 1024e3),
        ({"memory.max": "max\n", "memory.current": "5"}, 1024e3),
        ({"memory.max": "1000\n", "memory.current": "400\n", "memory.stat": "anon 1\ninactive_file 100\n"}, 700),
        ({"memory/memory.limit_in_bytes": "500", "memory/memory.usage_in_bytes": "600"}, 0),
    ],
)
def test_the_smaller_of_machine_and_control_group_counts(tmp_path, files, expected):
    assert bounds.available_memory(machine(tmp_path, files)) == expected


def test_too_much_memory_is_one_sentence(monkeypatch):
    monkeypatch.setattr(bounds, "available_memory", lambda: 2e9)
    bounds.check_memory("a thing", 1e9, "decrease it")
    with pytest.raises(
        UserError, match=r"^a thing needs about 3e\+03 GB of memory, but 2 GB are available: decrease it$"
    ):
        bounds.check_memory("a thing", 3e12, "decrease it")


@pytest.mark.parametrize("value", ["1", None, True, [1]])
def test_other_types_are_rejected(value):
    with pytest.raises(UserError, match=r"size=.* must be a number"):
        check_range("size", value, 0)


@pytest.mark.parametrize(
    "value", [10**400, -(10**5000), float("nan"), float("inf")], ids=["e400", "-e5000", "nan", "inf"]
)
def test_extreme_numbers_are_rejected(value):
    with pytest.raises(UserError, match="is out of range"):
        check_range("size", value, 0, 10)
