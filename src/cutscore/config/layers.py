"""Where configs come from: packaged options, a local `conf/`, and `--config-dir` above both.

Nothing here imports Hydra, so that help texts can list groups and options at once.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import yaml

from cutscore.errors import Fault, RequestError, listed

GROUPS = (
    "data",
    "features",
    "validation",
    "sampling",
    "calibration",
    "model",
    "cost",
    "threshold",
    "search",
    "report",
    "tracking",
)
EXPERIMENT = "experiment"
ENVIRONMENT = "CUTSCORE_CONF"
"""Names the folder that stands for `./conf`; empty for none."""

LEFT_OUT = f" To leave ./conf out: {ENVIRONMENT}= cutscore ..."


@dataclass(frozen=True)
class Layers:
    """The config folders, highest rank first; the last one is the packaged `conf/`."""

    folders: tuple[Path, ...]

    @property
    def packaged(self) -> Path:
        """The folder that ships with Cutscore."""
        return self.folders[-1]

    def options(self, group: str) -> dict[str, Path]:
        """Return every option of a group with the file that provides it."""
        found: dict[str, Path] = {}
        for folder in reversed(self.folders):
            for path in sorted((folder / group).glob("*.yaml")):
                found[path.stem] = path
        return dict(sorted(found.items()))

    def replaced(self) -> list[str]:
        """Return `group/option (file)` for each packaged option that another layer replaces."""
        notes = []
        for group in (*GROUPS, EXPERIMENT):
            for option, path in self.options(group).items():
                ours = self.packaged / group / f"{option}.yaml"
                if path != ours and ours.exists():
                    notes.append(f"{group}/{option} ({path})")
        return notes


def packaged_folder() -> Path:
    """Return the `conf/` that belongs to this code: inside the wheel, else at the repository root.

    An editable install may leave a stale copy in site-packages, so only places relative to this
    file count.
    """
    package = Path(__file__).resolve().parents[1]
    repository = package.parents[1] / "conf"
    shipped = package / "conf"
    return shipped if shipped.is_dir() else repository


def find_layers(config_dir: str | None = None, working_dir: Path | None = None) -> Layers:
    """Return the layers for a working directory and an optional `--config-dir`.

    The environment variable CUTSCORE_CONF names another local folder than `./conf`; set but empty,
    it leaves the local folder out.

    Raises
    ------
    RequestError
        If `--config-dir` or CUTSCORE_CONF is no folder, or a layer holds a `config.yaml` that is
        not Cutscore's.
    """
    packaged = packaged_folder()
    base = working_dir or Path.cwd()
    local = os.environ.get(ENVIRONMENT)
    named = [("--config-dir", config_dir), (ENVIRONMENT, local or None)]
    folders = [_folder(setting, text, base) for setting, text in named if text is not None]
    if local is None and (base / "conf").is_dir():
        folders.append((base / "conf").resolve())
    unique = [folder for folder in dict.fromkeys(folders) if folder != packaged]
    for folder in unique:
        is_local = config_dir is None or folder != folders[0]
        _refuse_foreign_primary(folder / "config.yaml", LEFT_OUT if is_local else "")
    return Layers((*unique, packaged))


def _folder(setting: str, text: str, base: Path) -> Path:
    """Return a folder of configs that is named, absolute."""
    folder = (base / Path(text).expanduser()).resolve()
    if not folder.is_dir():
        problem = f"there is no folder {text}."
        raise RequestError(Fault(setting, problem, "Name a folder with config groups."))
    return folder


def _refuse_foreign_primary(path: Path, remedy: str) -> None:
    """Refuse a `config.yaml` whose defaults list lacks our groups: it would replace ours.

    `remedy` is one more way to mend it.
    """
    try:
        if not path.is_file():
            return
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        reason = " ".join(str(error).split())
        problem = f"this file would replace Cutscore's primary config, but is not YAML ({reason})."
        raise RequestError(Fault(str(path), problem, f"Rename it.{remedy}")) from error
    defaults = content.get("defaults", []) if isinstance(content, dict) else []
    named = {key for entry in defaults or [] if isinstance(entry, dict) for key in entry}
    missing = [group for group in GROUPS if group not in named]
    if missing:
        raise RequestError(
            Fault(
                str(path),
                "this file would silently replace Cutscore's primary config, but its defaults "
                f"list lacks {listed(missing)}.",
                "Rename it, or start from a copy of the packaged conf/config.yaml "
                f"({packaged_folder() / 'config.yaml'}).{remedy}",
            )
        )
