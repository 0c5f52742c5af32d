"""Installing and updating: Makefile, pyproject.toml, environment.yml, `make update`, skips."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import ffteach

ROOT = Path(__file__).resolve().parents[2]


def clean_env(**more) -> dict[str, str]:
    """The environment without what an outer make, git or virtual environment left in it."""
    inherited = re.compile(r"MAKE|MFLAGS|GIT_|ARGS$|PIP_ARGS$|PYTHON$|UV|VIRTUAL_ENV|PYTEST_|CI$")
    return {k: v for k, v in os.environ.items() if not inherited.match(k)} | more


# ---- pyproject.toml and environment.yml -------------------------------------------------------

CONDA_NAMES = {
    "torch": "pytorch",
    "matplotlib": "matplotlib-base",
}  # where conda-forge uses another name


def ranges(requirements) -> dict[str, str]:
    """'torch>=2.6,<3' -> {'torch': '>=2.6,<3'}"""
    split = [
        re.fullmatch(r"([A-Za-z0-9_-]+(?:\[\w+\])?)(.*)", r.replace(" ", "")) for r in requirements
    ]
    return {m[1]: m[2] for m in split}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_environment_yml_names_the_same_ranges_as_pyproject():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())
    packages = ranges(d for d in conda["dependencies"] if isinstance(d, str))
    assert packages.pop("python") == "=3.12"
    assert packages.pop("pip") == ""
    assert packages == {
        CONDA_NAMES.get(name, name): spec
        for name, spec in ranges(project()["dependencies"]).items()
    }
    assert [d for d in conda["dependencies"] if not isinstance(d, str)] == [{"pip": ["-e ."]}]
    assert conda["channels"] == ["conda-forge", "nodefaults"]


def test_every_dependency_has_a_lower_and_an_upper_bound():
    extras = project()["optional-dependencies"].values()
    for name, spec in ranges(
        project()["dependencies"] + [r for extra in extras for r in extra]
    ).items():
        if not name.startswith("ffteach["):  # an extra that another one includes
            assert re.fullmatch(r">=[0-9.]+,<[0-9.]+", spec), f"{name}{spec}"


def test_the_version_is_the_same_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors", "version"} <= set(citation)
    assert ffteach.__version__ == project()["version"] == citation["version"]
    news = (ROOT / "CHANGELOG.md").read_text()
    assert re.findall(r"^## (\S+)", news, re.MULTILINE)[:2] == ["Unreleased", ffteach.__version__]


def test_the_bug_template_asks_for_the_doctor():
    template = (ROOT / ".github/ISSUE_TEMPLATE/bug.md").read_text()
    _, head, body = template.split("---\n")
    assert {"name", "about"} <= set(yaml.safe_load(head)) and "python -m ffteach doctor" in body


# ---- Makefile, with a stand-in for Python that writes down how it was called ------------------

STAND_IN = r"""#!/bin/sh
case "$*" in "-m pip --version") test ! -e no-pip; exit ;; esac
echo "$*" >> log
case "$*" in
  *version_info*) test ! -e python-is-old ;;
  *ensurepip*) test ! -e no-venv ;;
  --version) echo Python 3.9.7 ;;
  "-m venv --clear "*)
    rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python
    test ! -e interrupted && echo made > .venv/bin/activate ;;
  "-m pip "*) test ! -e pip-fails ;;
esac
"""
UV_STAND_IN = """#!/bin/sh
echo "uv $*" >> log
"""


class Project:
    """A copy of the Makefile in a folder with a space in its name; its Python is the stand-in.

    Whether uv is installed on this machine makes no difference.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir()
        for name in ("Makefile", "pyproject.toml"):
            shutil.copy(ROOT / name, folder)
        self.write("python", STAND_IN).chmod(0o755)

    def write(self, name: str, text: str = "") -> Path:
        (self.folder / name).write_text(text)
        return self.folder / name

    def make(self, *args: str) -> tuple[int, str, list[str]]:
        """-> exit status, what it printed, how Python was called"""
        (self.folder / "log").unlink(missing_ok=True)
        command = ["make", "PYTHON=./python", *args]
        if not (self.folder / "bin/uv").exists():
            command.insert(1, "UV=")
        env = clean_env(PATH=f"{self.folder / 'bin'}:{os.environ['PATH']}")
        done = subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True)
        log = self.folder / "log"
        return (
            done.returncode,
            done.stdout + done.stderr,
            log.read_text().splitlines() if log.exists() else [],
        )


@pytest.fixture
def fresh(tmp_path) -> Project:
    if not shutil.which("make"):
        pytest.skip("make is not installed")
    return Project(tmp_path / "my folder")


PIP_LAB, PIP_TEST, PIP_DEMO = (
    "-m pip install --editable ." + extra for extra in ("", "[test]", "[demo]")
)
LAB = (
    f"-m jupyterlab --ServerApp.root_dir=. {'--allow-root ' if os.geteuid() == 0 else ''}"
    "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb "
    "--LanguageServerManager.autodetect=False "
    "--ServerApp.contents_manager_class=scripts.lab_files.LessonFiles"
)
DEMO = "-m voila demo/training_lab.ipynb --Voila.config_file_paths=demo"
PYTEST = "-m pytest -n 2 --dist loadfile --no-loadscope-reorder"
TEST = PYTEST + " --nbval-lax --nbval-current-env --nbval-cell-timeout=120 tests notebooks"


def test_plain_make_prints_the_help_and_installs_nothing(fresh):
    status, printed, calls = fresh.make()
    assert status == 0 and calls == []
    for target in ("lab", "demo", "test", "unit", "format", "update", "clean"):
        assert f"make {target} " in printed


def test_lab_and_test_install_once_and_pass_arguments_on(fresh):
    assert fresh.make("lab", "PIP_ARGS=--quiet -v", "ARGS=--no-browser")[2][-3:] == [
        "-m venv --clear .venv",
        "-m pip install --quiet -v --editable .",
        LAB + " --no-browser",
    ]
    assert fresh.make("lab")[2] == [LAB]
    assert fresh.make("test")[2] == [PIP_TEST, TEST]
    assert fresh.make("test", "ARGS=-k overlay")[2] == [TEST + " -k overlay"]
    assert fresh.make("unit")[2] == [PYTEST + " tests/unit"]
    assert fresh.make("format")[2] == ["-m ruff check --fix .", "-m ruff format ."]


def test_what_test_installs_is_enough_for_lab(fresh):
    fresh.make("test")
    assert fresh.make("lab")[2] == [LAB]


def test_uv_installs_where_it_is_and_needs_no_pip(fresh):
    (fresh.folder / "bin").mkdir()
    fresh.write("bin/uv", UV_STAND_IN).chmod(0o755)
    fresh.write("no-pip")
    fresh.write("no-venv")  # no ensurepip, as on a bare Debian
    assert fresh.make("lab", "PIP_ARGS=--quiet")[2][-3:] == [
        "-m venv --clear --without-pip .venv",
        "uv pip install --python .venv/bin/python --quiet --editable .",
        LAB,
    ]
    assert fresh.make("test")[2][0] == (
        "uv pip install --python .venv/bin/python --editable .[test]"
    )
    (fresh.folder / "no-venv").unlink()
    assert fresh.make("demo", "UV=")[2] == ["-m ensurepip", PIP_DEMO, DEMO]


def test_jupyterlab_does_not_ask_about_its_news(fresh):
    """A setting in .venv: nothing is written into the user's home folder."""
    fresh.make("lab")
    settings = (fresh.folder / ".venv/share/jupyter/lab/settings/overrides.json").read_text()
    assert json.loads(settings) == {
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}
    }


def test_an_intel_mac_is_told_that_there_is_no_pytorch(fresh):
    (fresh.folder / "bin").mkdir()
    fresh.write("bin/uname", "#!/bin/sh\necho Darwin x86_64\n").chmod(0o755)
    assert "PyPI has no PyTorch for Macs with an Intel processor" in fresh.make("lab")[1]
    fresh.write("bin/uname", "#!/bin/sh\necho Darwin arm64\n")
    assert "Intel" not in fresh.make("test")[1]


def test_demo_installs_what_it_needs_and_passes_arguments_on(fresh):
    fresh.make("lab")
    assert fresh.make("demo")[2] == [PIP_DEMO, DEMO]
    assert fresh.make("demo", "ARGS=--no-browser")[2] == [DEMO + " --no-browser"]
    assert fresh.make("lab")[2] == [LAB]


def test_demo_finds_its_files_and_test_installs_what_it_needs():
    settings = json.loads((ROOT / "demo/voila.json").read_text())
    assert 60 <= settings["MappingKernelManager"]["cull_idle_timeout"] <= 600  # each visit has one
    config = settings["VoilaConfiguration"]
    template = ROOT / "demo/voila/templates" / config["template"]
    assert (
        (ROOT / DEMO.split()[2]).is_file()
        and (template / "index.html.j2").is_file()
        and (template / "conf.json").is_file()
    )
    extras = project()["optional-dependencies"]
    assert set(extras["demo"]) <= set(extras["test"])


def test_installs_again_when_pyproject_is_newer_or_the_folder_was_renamed(fresh):
    fresh.make("lab")
    os.utime(fresh.folder / ".venv/lab.stamp", (0, 0))  # older than pyproject.toml
    assert fresh.make("lab")[2] == [PIP_LAB, LAB]
    fresh.folder = fresh.folder.rename(fresh.folder.parent / "another's (new) folder, #2")
    assert fresh.make("lab")[2] == [PIP_LAB, LAB]
    assert fresh.make("lab")[2] == [LAB]


def test_a_failed_pip_is_tried_again(fresh):
    fresh.write("pip-fails")
    status, _, calls = fresh.make("lab")
    assert status != 0 and calls[-1] == PIP_LAB
    (fresh.folder / "pip-fails").unlink()
    assert fresh.make("lab")[2] == [PIP_LAB, LAB]


def test_an_interrupted_or_broken_environment_is_made_again(fresh):
    fresh.write("interrupted")
    assert fresh.make("lab")[0] != 0
    (fresh.folder / "interrupted").unlink()
    assert fresh.make("lab")[2][-3:] == ["-m venv --clear .venv", PIP_LAB, LAB]

    (fresh.folder / ".venv/bin/python").unlink()
    (fresh.folder / ".venv/bin/python").symlink_to("/a/python/that/was/removed")
    assert fresh.make("lab")[2][-3:] == ["-m venv --clear .venv", PIP_LAB, LAB]


def test_an_old_python_or_a_missing_venv_module_is_named(fresh):
    fresh.write("no-venv")
    status, printed, calls = fresh.make("lab")
    assert status != 0 and "python3-venv" in printed and not any("-m venv" in c for c in calls)
    fresh.write("python-is-old")
    status, printed, calls = fresh.make("lab")
    assert status != 0 and "needs Python 3.11 or newer; ./python is: Python 3.9.7" in printed
    assert "make lab PYTHON=python3.12" in printed


# ---- In CI a skipped test fails the run -------------------------------------------------------


@pytest.mark.parametrize("ci", ["true", ""])
@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "2")], ids=["alone", "two"])
def test_a_skip_fails_the_run_in_ci_only(tmp_path, ci, workers):
    shutil.copy(ROOT / "tests/conftest.py", tmp_path)
    (tmp_path / "test_one.py").write_text(
        "import pytest\ndef test_a(): pass\ndef test_b(): pytest.skip('no GPU')"
    )
    (tmp_path / "test_two.py").write_text("import pytest\npytest.importorskip('no_such_module')")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        *workers,
        "--rootdir",
        tmp_path,
        tmp_path,
    ]
    env = clean_env(CI=ci, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == (1 if ci else 0), done.stdout
    reasons = done.stdout.partition("skipped, which fails the run in CI")[2]
    assert (
        "test_one.py::test_b: Skipped: no GPU" in reasons and "no_such_module" in reasons
    ) == bool(ci), done.stdout


# ---- make update: repositories of its own, no network -----------------------------------------

GIT_ENV = dict(
    GIT_AUTHOR_NAME="a",
    GIT_AUTHOR_EMAIL="a@example.org",
    GIT_COMMITTER_NAME="a",
    GIT_COMMITTER_EMAIL="a@example.org",
    GIT_CONFIG_GLOBAL=os.devnull,
    GIT_CONFIG_NOSYSTEM="1",
)


class Clone:
    """A published repository and a student's clone of it."""

    def __init__(self, tmp_path: Path):
        self.published, self.mine = tmp_path / "published", tmp_path / "my clone"
        self.published.mkdir()
        self.git(self.published, "init", "-q", "-b", "main")
        files = {
            "notebooks/a.ipynb": "lesson a",
            "notebooks/b.ipynb": "lesson b",
            "Makefile": "all:",
            ".gitignore": "/my_work/\n*.tmp\n",
        }
        self.publish(
            files | {"scripts/update_lessons.py": (ROOT / "scripts/update_lessons.py").read_text()}
        )
        self.git(tmp_path, "clone", "-q", self.published, self.mine)

    @staticmethod
    def git(folder, *args) -> str:
        env = clean_env(**GIT_ENV)
        return subprocess.run(
            ["git", *args], cwd=folder, env=env, check=True, capture_output=True, text=True
        ).stdout.strip()

    def publish(self, files: dict[str, str | None]) -> None:
        """Commit files (path -> text; None deletes) in the published repository."""
        self._write(self.published, files)
        self.git(self.published, "add", "-A")
        self.git(self.published, "commit", "-q", "-m", "new")

    def edit(self, files: dict[str, str | None]) -> None:
        """The same in the student's folder, without a commit."""
        self._write(self.mine, files)

    @staticmethod
    def _write(folder: Path, files) -> None:
        for path, text in files.items():
            place = folder / path
            if text is None:
                place.unlink()
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text)

    def update(self) -> tuple[int, str]:
        command = [sys.executable, "scripts/update_lessons.py"]
        done = subprocess.run(
            command, cwd=self.mine, env=clean_env(**GIT_ENV), capture_output=True, text=True
        )
        return done.returncode, done.stdout + done.stderr

    def files(self, kept: bool = False) -> dict[str, str]:
        """What lies in the student's folder (kept: in my_work/<date-time>/), path -> text."""
        top = self.mine / "my_work" if kept else self.mine
        paths = {p.relative_to(top).as_posix(): p for p in sorted(top.rglob("*")) if p.is_file()}
        if kept:
            return {name.split("/", 1)[1]: p.read_text() for name, p in paths.items()}
        return {
            name: p.read_text()
            for name, p in paths.items()
            if not name.startswith((".git/", "my_work/", "scripts/"))
        }

    def is_newest(self) -> bool:
        return self.git(self.mine, "rev-parse", "HEAD") == self.git(
            self.published, "rev-parse", "HEAD"
        )

    def is_clean(self) -> bool:
        return self.git(self.mine, "status", "--porcelain", "--untracked-files=no") == ""


@pytest.fixture
def clone(tmp_path) -> Clone:
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    return Clone(tmp_path)


def a_notebook(source, *, outputs=(), version=None):
    info = {"name": "python", **({"version": version} if version else {})}
    cell = {"cell_type": "code", "source": source, "outputs": list(outputs), "metadata": {}}
    return json.dumps({"cells": [cell], "metadata": {"language_info": info}})


def test_update_keeps_no_copy_of_a_lesson_that_was_only_run_or_saved(clone):
    clone.publish({"notebooks/a.ipynb": a_notebook(["x = 1\n", "x"])})
    assert clone.update()[0] == 0
    output = {"output_type": "stream", "name": "stdout", "text": "1"}
    ran = a_notebook("x = 1\nx", outputs=[output], version="3.12.1")
    for text, kept in ((ran, {}), (ran.replace("x = 1", "x = 2"), {"notebooks/a.ipynb"})):
        clone.edit({"notebooks/a.ipynb": text})
        clone.publish({"notebooks/b.ipynb": f"lesson b, without {len(kept)}"})
        status, said = clone.update()
        assert status == 0 and clone.is_newest() and clone.is_clean(), said
        assert set(clone.files(kept=True)) == set(kept)
        assert ("copied" in said) == bool(kept)


def test_update_keeps_changed_lessons_and_takes_the_new_ones(clone):
    clone.edit(
        {
            "notebooks/a.ipynb": "my answers",
            "notebooks/my own.ipynb": "mine",
            "notebooks/x.tmp": "ignored",
        }
    )
    clone.publish(
        {
            "notebooks/a.ipynb": "lesson a, better",
            "notebooks/c.ipynb": "lesson c",
            "Makefile": "all: new",
        }
    )
    status, said = clone.update()
    assert status == 0, said
    assert clone.is_newest() and clone.is_clean()
    assert clone.files(kept=True) == {"notebooks/a.ipynb": "my answers"}
    assert clone.files() == {
        ".gitignore": "/my_work/\n*.tmp\n",
        "Makefile": "all: new",
        "notebooks/a.ipynb": "lesson a, better",
        "notebooks/b.ipynb": "lesson b",
        "notebooks/c.ipynb": "lesson c",
        "notebooks/my own.ipynb": "mine",
        "notebooks/x.tmp": "ignored",
    }
    assert "copied to my_work/" in said and "notebooks/c.ipynb" in said


def test_update_with_nothing_new_leaves_everything(clone):
    clone.edit({"notebooks/a.ipynb": "my answers", "Makefile": "all: mine"})
    before = clone.files()
    assert clone.update() == (0, "You already have the newest lessons. Nothing was changed.\n")
    assert clone.files() == before and not (clone.mine / "my_work").exists()


def test_update_twice_in_a_row_keeps_both_copies(clone):
    for n in (1, 2):
        clone.edit({"notebooks/a.ipynb": f"my answers {n}"})
        clone.publish({"notebooks/a.ipynb": f"version {n}"})
        assert clone.update()[0] == 0
    assert sorted(p.read_text() for p in (clone.mine / "my_work").rglob("*.ipynb")) == [
        "my answers 1",
        "my answers 2",
    ]


def test_update_moves_own_files_that_stand_in_the_way(clone):
    mine = {
        "notebooks/c.ipynb": "my c",  # the same path as a new lesson
        "notebooks/deep": "my file",  # a file where a folder is to come
        "notebooks/plain/x.ipynb": "my x",  # a folder where a file is to come
        "notebooks/new.tmp": "ignored by git, which would overwrite it",
        "notes.txt": "not under notebooks",
    }
    clone.edit(mine)
    (clone.mine / "notebooks/empty").mkdir()
    new = {
        "notebooks/c.ipynb": "c",
        "notebooks/deep/d.ipynb": "d",
        "notebooks/plain": "p",
        "notes.txt": "n",
        "notebooks/empty": "e",
    }
    clone.publish(new)
    clone._write(clone.published, {"notebooks/new.tmp": "t"})
    clone.git(clone.published, "add", "-f", "notebooks/new.tmp")
    clone.git(clone.published, "commit", "-q", "-m", "forced")
    status, said = clone.update()
    assert status == 0 and clone.is_newest() and clone.is_clean(), said
    assert clone.files(kept=True) == mine
    assert new.items() <= clone.files().items()


def test_update_copes_with_every_state_of_a_lesson(clone):
    stems = (
        "deleted",
        "staged",
        "staged then edited",
        "folder",
        "untracked by me",
        "linked",
        "é 'ü'",
    )
    lessons = {f"notebooks/{stem}.ipynb": stem for stem in stems}
    clone.publish(lessons | {"notebooks/gone.ipynb": "soon gone"})
    assert clone.update()[0] == 0
    clone.edit(
        {
            "notebooks/deleted.ipynb": None,
            "notebooks/folder.ipynb": None,
            "notebooks/gone.ipynb": "my gone",
        }
    )
    clone.edit(
        {
            "notebooks/staged.ipynb": "my 1",
            "notebooks/staged then edited.ipynb": "my 2",
            "notebooks/own.ipynb": "own",
        }
    )
    clone.git(clone.mine, "add", "notebooks")
    clone.git(clone.mine, "rm", "-q", "--cached", "notebooks/untracked by me.ipynb")
    clone.edit(
        {
            "notebooks/staged then edited.ipynb": "my 3",
            "notebooks/folder.ipynb/x.ipynb": "my 4",
            "notebooks/é 'ü'.ipynb": "my 5",
        }
    )
    clone.edit({"notebooks/untracked by me.ipynb": "my 6", "notebooks/linked.ipynb": None})
    (clone.mine / "notebooks/linked.ipynb").symlink_to("own.ipynb")
    clone.publish({"notebooks/gone.ipynb": None})

    status, said = clone.update()
    assert status == 0 and clone.is_newest() and clone.is_clean(), said
    assert clone.files(kept=True) == {
        "notebooks/staged.ipynb": "my 1",
        "staged/notebooks/staged then edited.ipynb": "my 2",
        "notebooks/staged then edited.ipynb": "my 3",
        "notebooks/folder.ipynb/x.ipynb": "my 4",
        "notebooks/é 'ü'.ipynb": "my 5",
        "notebooks/untracked by me.ipynb": "my 6",
        "notebooks/gone.ipynb": "my gone",
    } | {k: v for k, v in clone.files(kept=True).items() if "linked" in k}
    assert [os.readlink(p) for p in (clone.mine / "my_work").rglob("linked.*")] == ["own.ipynb"]
    assert (
        lessons.items() <= clone.files().items() and clone.files()["notebooks/own.ipynb"] == "own"
    )


def test_update_compares_the_copies_before_it_puts_anything_back(clone, monkeypatch, capsys):
    clone.edit({"notebooks/a.ipynb": "my answers"})
    clone.publish({"notebooks/a.ipynb": "better"})
    spec = importlib.util.spec_from_file_location(
        "update_lessons", clone.mine / "scripts/update_lessons.py"
    )
    spec.loader.exec_module(script := importlib.util.module_from_spec(spec))
    monkeypatch.setattr(
        script.shutil, "copy2", lambda source, place, **_: Path(place).write_text("cut sh")
    )
    before = snapshot(clone)
    assert script.main() == 1
    assert "notebooks/a.ipynb changed while it was copied" in capsys.readouterr().err
    assert snapshot(clone) == before


def snapshot(clone: Clone) -> tuple:
    return (
        clone.files(),
        clone.git(clone.mine, "rev-parse", "HEAD"),
        clone.git(clone.mine, "status", "--porcelain"),
    )


def refused(clone: Clone, sentence: str) -> None:
    """The update stops with this sentence, and nothing has changed."""
    before = snapshot(clone)
    status, said = clone.update()
    assert status == 1 and sentence in said and "Traceback" not in said, said
    assert snapshot(clone) == before and not (clone.mine / "my_work").exists()


def test_update_stops_at_changes_outside_notebooks(clone):
    clone.edit({"notebooks/a.ipynb": "my answers", "Makefile": "all: mine"})
    clone.publish({"notebooks/a.ipynb": "better"})
    refused(clone, "Files outside notebooks/ were changed:\n    Makefile\n")


def test_update_stops_at_own_commits(clone):
    clone.edit({"notebooks/a.ipynb": "my answers"})
    clone.git(clone.mine, "commit", "-q", "-a", "-m", "mine")
    clone.publish({"notebooks/b.ipynb": "better"})
    refused(clone, "This clone has 1 commit(s) that the published version has not.")


def test_update_stops_at_an_unfinished_merge(clone):
    clone.git(clone.mine, "switch", "-q", "-c", "side")
    clone.edit({"notebooks/a.ipynb": "side"})
    clone.git(clone.mine, "commit", "-q", "-a", "-m", "side")
    clone.git(clone.mine, "switch", "-q", "main")
    clone.publish({"notebooks/a.ipynb": "better"})
    assert clone.update()[0] == 0
    with pytest.raises(subprocess.CalledProcessError):
        clone.git(clone.mine, "merge", "-q", "side")
    clone.publish({"notebooks/a.ipynb": "better still"})
    refused(clone, "A merge is unfinished in these files")


def test_update_stops_when_the_published_version_cannot_be_reached(clone):
    clone.edit({"notebooks/a.ipynb": "my answers"})
    clone.published.rename(clone.published.with_name("away"))
    refused(clone, "The newest version could not be fetched, so nothing was changed.")


def test_update_stops_off_the_branch_and_outside_a_clone(clone, tmp_path):
    clone.git(clone.mine, "switch", "-q", "--detach")
    refused(clone, "not on a branch that follows the published lessons")
    shutil.rmtree(clone.mine / ".git")
    status, said = clone.update()
    assert status == 1 and "not a git clone" in said, said
    clone.git(tmp_path, "init", "-q")  # the unpacked folder lies in somebody's own repository
    status, said = clone.update()
    assert status == 1 and "lies inside another git repository" in said, said


def test_update_that_git_refuses_says_where_the_copies_are(clone):
    clone.git(
        clone.mine, "update-index", "--skip-worktree", "notebooks/b.ipynb"
    )  # hides the next change from git status
    clone.edit({"notebooks/a.ipynb": "my answers", "notebooks/b.ipynb": "my hidden answers"})
    clone.publish({"notebooks/a.ipynb": "better", "notebooks/b.ipynb": "better"})
    status, said = clone.update()
    assert status == 1 and "could not be put in place" in said and "copied to my_work/" in said, (
        said
    )
    assert clone.files()["notebooks/b.ipynb"] == "my hidden answers"
    assert clone.files(kept=True) == {"notebooks/a.ipynb": "my answers"}
