"""Which code and which libraries made a run."""

from __future__ import annotations

import functools
import importlib.metadata
import platform
import shutil
import subprocess
from pathlib import Path

import cutscore

GIT_SECONDS = 10


@functools.cache
def code_tags() -> dict[str, str]:
    """Return Cutscore's version and the commit of the working directory, if it is under git."""
    return {"cutscore_version": cutscore.__version__, **_git_tags(Path.cwd())}


@functools.cache
def environment_text() -> str:
    """Return Python, platform and every installed distribution with its version, a line each.

    Those that Ray brings along are left out: its processes alone have them.
    """
    lines = [f"# python {platform.python_version()}", f"# platform {platform.platform()}"]
    found = {
        dist.metadata["Name"].lower(): dist.version
        for dist in importlib.metadata.distributions()
        if "thirdparty_files" not in Path(str(dist.locate_file(""))).parts
    }
    lines += [f"{name}=={version}" for name, version in sorted(found.items())]
    return "\n".join(lines) + "\n"


def _git_tags(folder: Path) -> dict[str, str]:
    """Return commit and whether tracked files differ from it; 'none' outside a repository."""
    git = shutil.which("git")
    commit = _git(git, folder, "rev-parse", "HEAD") if git else None
    if git is None or commit is None:
        return {"git_commit": "none", "git_dirty": "unknown"}
    changes = _git(git, folder, "status", "--porcelain", "--untracked-files=no")
    return {"git_commit": commit, "git_dirty": "true" if changes else "false"}


def _git(git: str, folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            [git, "-C", str(folder), *words],
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
