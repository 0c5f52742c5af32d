"""Get the newest lessons without losing a student's work: make update.

Without make: python scripts/update_lessons.py.

1. Every tracked file changed under notebooks/ is copied to my_work/<date-time>/ and compared; but
   not a lesson that was only run or saved: all its cells are as they were handed out.
2. The tracked files are put back as they were handed out.
3. The new version is taken with a fast-forward, which never merges and never rewrites.

A student's own new files stay where they are, unless the new version needs their path: then they
move to my_work/ too. Own commits, or changes outside notebooks/, stop the update before anything is
touched. Only the standard library is used.
"""

import filecmp
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LESSONS = "notebooks/"


class Stop(Exception):
    """A sentence for the student: why the update ends here."""


def git_bytes(*args: str, stop: str = "") -> bytes:
    """Run git in the project folder and return what it printed.

    When it fails, stop with `stop` and git's own words.
    """
    env = {
        k: v
        for k, v in os.environ.items()
        if k not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
    }
    command = ["git", "--literal-pathspecs", *args]
    try:
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True)
    except FileNotFoundError:
        raise Stop("The program git was not found. Install it, then run this again.") from None
    if done.returncode:
        said = os.fsdecode(done.stderr).strip() or os.fsdecode(done.stdout).strip()
        raise Stop(f"{stop or 'git ' + args[0] + ' failed.'}\ngit says: {said}")
    return done.stdout


def git(*args: str, stop: str = "") -> str:
    return os.fsdecode(git_bytes(*args, stop=stop))


def names(output: str) -> list[str]:
    return [name for name in output.split("\0") if name]


def changed_files() -> dict[str, str]:
    """Tracked files that differ from the last commit: path -> git's two letters, such as ' M'.

    The first letter is of git's index, the second of the folder.
    """
    entries = names(git("status", "--porcelain", "-z", "--no-renames", "--untracked-files=no"))
    return {entry[3:]: entry[:2] for entry in entries}


def only_run(path: str) -> bool:
    """Is this a notebook whose cells are those of the last commit, all but their outputs?"""
    try:
        mine = json.loads((ROOT / path).read_bytes())["cells"]
        handed_out = json.loads(git_bytes("cat-file", "blob", f"HEAD:{path}"))["cells"]
        written = [
            [(c["cell_type"], "".join(c["source"]), c.get("attachments")) for c in cells]
            for cells in (mine, handed_out)
        ]
    except (ValueError, KeyError, TypeError, OSError):
        return False
    return written[0] == written[1]


def listing(paths) -> str:
    return "".join(f"\n    {path}" for path in paths)


def check_ready() -> None:
    """Stop unless this folder is a git clone on a branch that follows another."""
    advice = "Get the newest version as a fresh copy instead, and leave this folder as it is."
    top = git(
        "rev-parse", "--show-toplevel", stop=f"This folder is not a git clone. {advice}"
    ).strip()
    if not os.path.samefile(top, ROOT):
        raise Stop(f"This folder lies inside another git repository, {top}. {advice}")
    branch = (
        "This clone is not on a branch that follows the published lessons. Try: git switch main"
    )
    git("rev-parse", "--abbrev-ref", "@{upstream}", stop=branch)


def check_changes(changes: dict[str, str]) -> None:
    """Stop where a person must decide: unfinished merge, own commits, changes elsewhere."""
    if unfinished := [p for p, xy in changes.items() if "U" in xy or xy in ("AA", "DD")]:
        raise Stop(
            f"A merge is unfinished in these files; finish or abort it first:{listing(unfinished)}"
        )
    if own := int(git("rev-list", "--count", "@{upstream}..HEAD")):
        raise Stop(
            f"This clone has {own} commit(s) that the published version has not. "
            "They are yours to merge or rebase."
        )
    if outside := [p for p in changes if not p.startswith(LESSONS)]:
        raise Stop(
            f"Files outside {LESSONS} were changed:{listing(outside)}\n"
            "Keep a copy of what you need, put them back with  git checkout HEAD -- FILE  "
            "and run this again."
        )


def occupants(paths) -> list[str]:
    """Untracked files where git is about to write one of `paths`, or a folder above it."""
    tracked = set(names(git("ls-files", "-z")))
    found = []
    for path in paths:
        for place in [path, *(str(p.as_posix()) for p in Path(path).parents if p.name)]:
            here = ROOT / place
            if here.is_dir() and not here.is_symlink():
                if place == path:  # a folder where a file is to come
                    found += names(git("ls-files", "-z", "--others", "--", place))
            elif os.path.lexists(here) and place not in tracked:
                found.append(place)
    return list(dict.fromkeys(found))


class Safe:
    """The folder my_work/<date-time>/ of this run, made when the first file needs it."""

    def __init__(self):
        stem = time.strftime("%Y-%m-%d_%H-%M-%S")
        tries = (stem + (f"-{n}" if n else "") for n in range(1000))
        self.folder = next(
            ROOT / "my_work" / name for name in tries if not (ROOT / "my_work" / name).exists()
        )
        self.copied, self.moved = [], []

    def _place(self, path: str) -> Path:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def copy(self, paths) -> None:
        """Copy, then compare with the originals; a difference stops before anything is put back."""
        for path in paths:
            shutil.copy2(ROOT / path, self._place(path), follow_symlinks=False)
            self.copied.append(path)
        for path in paths:
            mine, copy = ROOT / path, self.folder / path
            if mine.is_symlink():
                same = os.readlink(mine) == os.readlink(copy)
            else:
                same = filecmp.cmp(mine, copy, shallow=False)
            if not same:
                raise Stop(
                    f"{path} changed while it was copied. "
                    "Save and close your notebooks, then run this again."
                )

    def copy_staged(self, path: str) -> None:
        """Keep a version too that was `git add`ed and then edited: only git's index holds it."""
        place = self._place(f"staged/{path}")
        place.write_bytes(git_bytes("cat-file", "blob", f":{path}"))
        self.copied.append(f"staged/{path}")

    def move(self, paths) -> None:
        for path in paths:
            shutil.move(
                ROOT / path, self._place(path.rstrip("/"))
            )  # git ends the name of a nested repository with /
            self.moved.append(path)

    def report(self) -> None:
        where = self.folder.relative_to(ROOT).as_posix()
        if self.copied:
            print(f"Your changed files were copied to {where}/:{listing(self.copied)}")
        if self.moved:
            print(
                "The new version needs the place of these files of yours; "
                f"they moved to {where}/:{listing(self.moved)}"
            )


def update(safe: Safe) -> None:
    check_ready()
    git("fetch", "--quiet", stop="The newest version could not be fetched, so nothing was changed.")
    old, new = git("rev-parse", "HEAD").strip(), git("rev-parse", "@{upstream}").strip()
    if new == old:
        print("You already have the newest lessons. Nothing was changed.")
        return
    changes = changed_files()
    check_changes(changes)

    # A file that was `git add`ed but never committed is the student's own: it stays. All others are
    # put back.
    handed_out = [path for path, letters in changes.items() if "A" not in letters]
    for path, (index, folder) in changes.items():
        if index in "AMT" and folder != " ":
            safe.copy_staged(path)
    files = [p for p in handed_out if (ROOT / p).is_symlink() or (ROOT / p).is_file()]
    safe.copy([path for path in files if not only_run(path)])
    arriving = names(git("diff", "--name-only", "-z", "--no-renames", "--diff-filter=A", old, new))
    if changes:
        git("reset", "--quiet")  # git's index only; no file changes
    safe.move(occupants([*handed_out, *arriving]))
    if handed_out:
        git("checkout", "--quiet", "HEAD", "--", *handed_out)
    git("merge", "--quiet", "--ff-only", new, stop="The new version could not be put in place.")

    lessons = names(
        git("diff", "--name-only", "-z", "--no-renames", "--diff-filter=d", old, new, "--", LESSONS)
    )
    print(
        f"Updated. New or changed:{listing(lessons)}"
        if lessons
        else "Updated. The notebooks are the same as before."
    )
    print("If JupyterLab is open: close the notebooks, then open them again.")


def main() -> int:
    sys.stdout.reconfigure(
        errors="backslashreplace"
    )  # any file name can be printed, on any console
    safe = Safe()
    try:
        update(safe)
    except (Stop, OSError) as problem:
        print(f"Stopped: {problem}", file=sys.stderr)
        return 1
    finally:
        safe.report()
    return 0


if __name__ == "__main__":
    sys.exit(main())
