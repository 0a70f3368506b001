"""The documents: links, length of the README, options and the table of levels."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
GROUPS = {name: name for name in ("collect", "eval", "render", "plan", "export")} | {"training": "train"}


def anchors(page):
    """Return the anchors of the section titles of a page, as GitHub and MyST form them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(page):
    """Return the relative links of a page: the target file and the anchor."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    return [target.partition("#")[::2] for target in targets if not target.startswith("http")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_has_a_target(page):
    for name, anchor in links(page):
        target = page.parent / name if name else page
        assert target.exists(), name
        assert not anchor or anchor in anchors(target), anchor


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


@pytest.mark.parametrize("group", GROUPS)
def test_every_option_is_documented(group):
    options = yaml.safe_load((ROOT / "conf" / group / "default.yaml").read_text())
    page = (ROOT / "docs" / "commands" / f"{GROUPS[group]}.md").read_text()
    assert [key for key in options if key != "defaults" and f"`{group}.{key}`" not in page] == []


def test_no_removed_option_is_documented():
    for group, command in GROUPS.items():
        options = yaml.safe_load((ROOT / "conf" / group / "default.yaml").read_text())
        page = (ROOT / "docs" / "commands" / f"{command}.md").read_text()
        assert set(re.findall(rf"^\| (?:`[\w.]+`, )*`{group}\.(\w+)`", page, re.M)) <= set(options)


def test_the_table_of_levels_is_up_to_date():
    done = subprocess.run([sys.executable, ROOT / "docs" / "levels.py"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
