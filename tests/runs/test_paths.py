"""Paths of arrays lead to the same place as the paths of other files."""

import numpy as np

from dynax.runs.arrays import read_tree, write_tree
from dynax.runs.paths import plain_path


def test_a_name_after_a_link_and_its_parent_is_in_the_place_of_the_link(tmp_path):
    for name, value in (("far", 1.0), ("near", 2.0)):
        (tmp_path / name / "sub").mkdir(parents=True)
        write_tree(tmp_path / name / "tree", {"a": np.float32([value])})
    (tmp_path / "near" / "link").symlink_to(tmp_path / "far" / "sub")
    through = tmp_path / "near" / "link" / ".." / "tree"
    assert through.samefile(tmp_path / "far" / "tree")
    assert read_tree(through, {"a": np.float32([0])})["a"] == 1.0


def test_other_paths_are_unchanged(tmp_path):
    assert plain_path(tmp_path / "run") == tmp_path / "run"


def test_special_characters_are_not_in_the_path(tmp_path):
    (tmp_path / "lr=[0.1]").mkdir()
    path = plain_path(tmp_path / "lr=[0.1]" / "run")
    assert "[" not in str(path)
    path.mkdir()
    assert (tmp_path / "lr=[0.1]" / "run").is_dir()
