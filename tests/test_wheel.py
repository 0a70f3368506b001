"""Build the wheel, install it in a new environment and run it in an empty folder."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
pytestmark = pytest.mark.slow


def run(*command, **options):
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    process = subprocess.run([*map(str, command)], env=environment, capture_output=True, text=True, **options)
    assert process.returncode == 0, process.stdout + process.stderr
    return process


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel from the source distribution, as for a release; the test then covers both."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, REPOSITORY)
    [path] = folder.glob("*.whl")
    return path


def files(folder, pattern):
    """Return the paths below `folder` that match `pattern`, relative to `folder`."""
    return {str(path.relative_to(folder)) for path in folder.rglob(pattern) if path.is_file()}


def test_the_wheel_contains_the_package_its_configs_and_its_robots(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {f"dynax/{name}" for name in files(REPOSITORY / "dynax", "*.py")} <= names
    assert {f"dynax/conf/{name}" for name in files(REPOSITORY / "conf", "*.yaml")} <= names
    assets = files(REPOSITORY / "dynax" / "envs" / "assets", "*.xml")
    assert assets
    assert {f"dynax/envs/assets/{name}" for name in assets} <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.split("/")[0] for name in names} == {"dynax", wheel.name.split("-py3")[0] + ".dist-info"}


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """Return the Python of an environment with Dynax from the wheel and the other packages of this environment."""
    folder = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel)
    site_packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip()
    others = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}
    (Path(site_packages) / "others.pth").write_text("\n".join(others))
    return python


def test_the_command_line_runs_in_an_empty_folder(python, tmp_path):
    location = run(python, "-c", "import dynax; print(dynax.__file__)", cwd=tmp_path).stdout.strip()
    assert Path(location).is_relative_to(python.parents[1])
    dynax = python.with_name("dynax")
    small = ("env=pendulum", "training=smoke", "training.optimizer=adam", "model.hidden_dims=[16]")
    process = run(dynax, "train", *small, cwd=tmp_path)
    [path] = process.stdout.splitlines()
    assert Path(path).parent == tmp_path / "outputs" / "train" / "pendulum-mlp"
    assert '"commit": null' in (Path(path) / "summary.json").read_text()
    assert str(REPOSITORY) not in (Path(path) / ".hydra" / "hydra.yaml").read_text()
