"""The outcomes of the jobs of a sweep, which are files."""

import pytest

from dynax.cli.jobs import outcomes
from dynax.errors import UserError


@pytest.mark.parametrize(
    "content", ["{}", "[]", "{", '{"exit_code": "0", "path": null}', '{"exit_code": 0, "path": 1}']
)
def test_a_damaged_outcome_is_one_sentence(tmp_path, content):
    file = tmp_path / "0.json"
    file.write_text('{"exit_code": 0, "path": "/run"}')
    assert outcomes._read(file) == outcomes.Outcome(0, "/run")
    file.write_text(content)
    with pytest.raises(UserError, match=f"the outcome of a job is damaged: {file}"):
        outcomes._read(file)
