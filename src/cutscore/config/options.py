"""One option of a group that belongs to no experiment: a gate, limits."""

from __future__ import annotations

from typing import TypeVar

from cutscore.config.layers import find_layers
from cutscore.config.parts import build_part
from cutscore.errors import Fault, RequestError, listed, nearest

Made = TypeVar("Made")


def read_option(group: str, option: str, kind: type[Made], setting: str) -> Made:
    """Return an option of `conf/<group>`, or of a folder of configs that ranks above it.

    Raises
    ------
    RequestError
        If there is no such option, its settings are wrong, or it makes something else.
    """
    import yaml

    options = find_layers().options(group)
    if option not in options:
        problem = f'there is no option "{option}"; there are {listed(list(options))}.'
        raise RequestError(Fault(setting, problem, nearest(option, options).strip()))
    try:
        body = yaml.safe_load(options[option].read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        problem = f"{options[option]} is not YAML ({' '.join(str(error).split())})."
        raise RequestError(Fault(group, problem)) from error
    made = build_part(group, body)
    if not isinstance(made, kind):
        problem = f"{type(made).__name__} is no {kind.__name__}."
        remedy = f"Name {kind.__module__}.{kind.__qualname__}."
        raise RequestError(Fault(f"{group}._target_", problem, remedy))
    return made
