"""Paths are taken verbatim, whatever characters they contain."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import example, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from dynax.cli.composition.implied import implied_options
from dynax.cli.composition.plugins import add_options
from dynax.cli.composition.verbatim import quote_paths, unescaped

NAMES = st.text(
    st.one_of(
        st.sampled_from("ü(),='~{[]}$ #%&;\\\"ab.:!*?|<>\t"), st.characters(codec="utf-8", exclude_categories=["Cc"])
    ),
    min_size=1,
)


def composed(override: str):
    """Return the value that Hydra and OmegaConf make of an override."""
    parsed = OverridesParser.create().parse_override(override)
    cfg = OmegaConf.create({})
    OmegaConf.update(cfg, parsed.key_or_group, parsed.value())
    assert OmegaConf.create(OmegaConf.to_yaml(cfg)) == cfg  # the files in .hydra give the same value
    return OmegaConf.to_container(cfg, resolve=True), parsed


@pytest.mark.slow
@settings(max_examples=20)
@given(NAMES)
@example("a${b}\\${c}\\\\'")
@example("null")
def test_an_absolute_path_is_taken_verbatim(name):
    path = f"/tmp/{name}/run"
    for key in ("run", "dataset"):
        values, parsed = composed(quote_paths([f"{key}={path}"], sweep=False)[0])
        assert values == {key: path}
        assert unescaped(parsed.value()) == path


@settings(max_examples=10)
@given(st.lists(NAMES.map(lambda name: f"/tmp/{name.replace(',', '')}.py"), max_size=3))
def test_each_plugin_is_taken_verbatim(paths):
    values, _ = composed(quote_paths([f"plugins=[{','.join(paths)}]"], sweep=False)[0])
    assert values == {"plugins": [path.strip() for path in paths]}


@pytest.mark.parametrize(
    ("override", "quoted"),
    [
        ("run=null", "run=null"),
        ("run=NULL", "run=NULL"),
        ("run=???", "run=???"),
        ("run=", "run="),
        ("run=true", "run='true'"),
        ("run=5", "run='5'"),
        ("run='/data/a b'", "run='/data/a b'"),
        ("+run=a,b", "+run='a,b'"),
        ("training.resume=a(1)", "training.resume='a(1)'"),
        ("training.init=a(1)", "training.init='a(1)'"),
        ("model.base=a b", "model.base='a b'"),
        ("env.xml=${oc.env:HOME}", "env.xml='\\${oc.env:HOME}'"),
        ("run=outputs/train/run-1", "run=outputs/train/run-1"),
        ("run=~/runs/a", "run='~/runs/a'"),
        ("run=~nobody-here/a", "run='./~nobody-here/a'"),
        ("model.hidden_dims=[1,2]", "model.hidden_dims=[1,2]"),
        ("plugins=null", "plugins=null"),
        ("plugins=[]", "plugins=[]"),
        ("plugins=[a b.py, c.py]", "plugins=['a b.py',c.py]"),
    ],
)
def test_quotes(override, quoted):
    assert quote_paths([override], sweep=False) == [quoted]


def test_a_comma_of_an_existing_file_belongs_to_its_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a,b.py").touch()
    assert quote_paths(["plugins=[c.py,a,b.py,d.py]"], sweep=False) == ["plugins=[c.py,'a,b.py',d.py]"]


def test_in_a_sweep_only_existing_paths_are_verbatim(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a,b").mkdir()
    (tmp_path / "~a").mkdir()
    words = ["run=a,b", "run=a,c", "plugins=[x.py],[y.py]", "run=~a"]
    assert quote_paths(words, sweep=True) == ["run='a,b'", "run=a,c", "plugins=[x.py],[y.py]", "run='./~a'"]


def test_plugins_and_smoke_read_quoted_paths(tmp_path):
    folder = tmp_path / "ü (1),=~{[]}$ #%&;' ${a}"
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "hydra.yaml").write_text("hydra: {runtime: {choices: {training: smoke}}}")
    (folder / "verbatim_plugin.py").write_text("raise ZeroDivisionError('executed')")
    [implied] = implied_options("eval", quote_paths([f"run={folder}"], sweep=False))
    assert implied.overrides == ("eval=smoke",)
    with pytest.raises(ValueError, match="executed"):
        add_options(quote_paths([f"plugins=[{folder / 'verbatim_plugin.py'}]"], sweep=False))


def test_a_name_with_a_line_break_is_refused(in_process):
    finished = in_process("eval", "run=a\nb")
    assert (finished.code, finished.err.count("\n")) == (2, 1)


@pytest.mark.slow
def test_the_working_directory_may_have_any_name(dynax, tmp_path):
    """The printed path of one command is input of the next one."""
    dynax.folder = tmp_path / "ü (1),='~{[]} $ #%&;"
    dynax.folder.mkdir()
    [run] = dynax("train").paths
    assert run.is_relative_to(dynax.folder)
    finished = dynax("eval", f"run={run}")
    assert finished.code == 0, finished.err
    assert finished.paths[0].is_relative_to(dynax.folder)
