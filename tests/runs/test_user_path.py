"""A path that a user passes is absolute, or one sentence says why no file can have it."""

from pathlib import Path

import pytest

import dynax
from dynax.errors import UserError
from dynax.runs.user_path import as_path

WRONG = {
    r"run='a\\x00b' contains a null character": "a\0b",
    "run='a{200}' cannot be used: File name too long": "a" * 5000,
    "contains bytes that are not UTF-8": "a\udcff",
    "run='~nobody_x/y' cannot be used: Could not determine home directory": "~nobody_x/y",
    "run must be a path, not int": 5,
}


def test_a_path_is_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert as_path("run", "a/b") == as_path("run", Path("a/b")) == tmp_path / "a" / "b"
    assert as_path("run", "~/a") == tmp_path / "a"
    (tmp_path / "file").touch()
    assert as_path("run", "file/b") == tmp_path / "file" / "b"


@pytest.mark.parametrize("message", WRONG)
def test_a_path_that_no_file_can_have_is_an_error(message):
    with pytest.raises(UserError, match=message):
        dynax.load(WRONG[message])
