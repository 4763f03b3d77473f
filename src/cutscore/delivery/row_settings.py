"""How a file of rows is made up, from overrides such as `data.delimiter=;`."""

from __future__ import annotations

from collections.abc import Sequence

from cutscore.data.relational.new_folder import FolderSettings
from cutscore.errors import Fault, RequestError

_ROOT = "data."


def row_settings(overrides: Sequence[str]) -> FolderSettings:
    """Return the settings.

    Raises
    ------
    RequestError
        With all that is wrong with them.
    """
    if not overrides:
        return FolderSettings()
    from cutscore.config.overrides import read_overrides  # Hydra's parser
    from cutscore.config.parts import validated

    read, faults = read_overrides(overrides)
    given = {}
    for one in read:
        if one.sign or one.is_sweep or not one.key.startswith(_ROOT):
            problem = "only settings of data that say how a file is made up can be given here."
            faults.append(Fault(f'"{one}"', problem, "Such as data.delimiter=';'."))
        else:
            given[one.key.removeprefix(_ROOT)] = one.value
    try:
        settings: FolderSettings = validated("data", FolderSettings, given)
    except RequestError as error:
        faults += error.faults
    if faults:
        raise RequestError(faults)
    return settings
