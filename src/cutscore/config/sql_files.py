"""`${sql:FILE}` in a config: the text of an SQL file in the `data` folder of the config layers.

The text becomes part of the composed config, so a recorded run does not need the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from cutscore.config.layers import GROUPS, find_layers
from cutscore.errors import nearest

_folders: list[Path] = []


def use_layers(folders: Sequence[Path]) -> None:
    """Say where SQL files are looked for, the highest rank first."""
    _folders[:] = folders


def sql_text(name: str) -> str:
    """Return the text of an SQL file, from the highest layer that has it.

    Raises
    ------
    ValueError
        If no layer has it.
    """
    places = [folder / GROUPS[0] for folder in _known()]
    for place in places:
        if (place / name).is_file():
            return (place / name).read_text(encoding="utf-8")
    known = [str(path.relative_to(p)) for p in places for path in p.rglob("*.sql")]
    raise ValueError(f'no conf/data folder has the file "{name}".{nearest(name, known)}')


def _known() -> list[Path]:
    """Return the folders; a worker of a sweep has composed nothing, and knows them from Hydra."""
    if _folders:
        return _folders
    if HydraConfig.initialized():
        sources = HydraConfig.get().runtime.config_sources
        return [Path(source.path) for source in sources if source.schema == "file"]
    return list(find_layers().folders)


def register() -> None:
    """Let OmegaConf resolve `${sql:...}`."""
    OmegaConf.register_new_resolver("sql", sql_text, replace=True)


register()
