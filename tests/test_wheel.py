"""The wheel, built, installed into an environment of its own and run from an empty folder."""

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
    environ = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    ran = subprocess.run([*map(str, command)], env=environ, capture_output=True, text=True, **options)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built as a release is: from the source distribution, so that both hold all they must."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, REPOSITORY)
    [path] = folder.glob("*.whl")
    return path


def files(folder, pattern):
    return {str(path.relative_to(folder)) for path in folder.rglob(pattern) if path.is_file()}


def test_it_holds_the_package_its_configs_and_its_robots(wheel):
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
    """The interpreter of an environment that has Dynax from the wheel, and all else from where this one has it."""
    folder = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", folder)
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel)
    own = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip()
    (Path(own) / "others.pth").write_text("\n".join({sysconfig.get_path(kind) for kind in ("purelib", "platlib")}))
    return python


def test_it_runs_from_an_empty_folder(python, tmp_path):
    where = run(python, "-c", "import dynax; print(dynax.__file__)", cwd=tmp_path).stdout.strip()
    assert Path(where).is_relative_to(python.parents[1])
    dynax = python.with_name("dynax")
    ran = run(dynax, "train", "env=pendulum", "training=smoke", "model.hidden_dims=[16]", cwd=tmp_path)
    [path] = ran.stdout.splitlines()
    assert Path(path).parent == tmp_path / "outputs" / "train" / "pendulum-mlp"
    assert '"commit": null' in (Path(path) / "summary.json").read_text()
    assert str(REPOSITORY) not in (Path(path) / ".hydra" / "hydra.yaml").read_text()
