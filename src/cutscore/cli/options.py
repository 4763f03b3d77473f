"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

ConfigDirOption = Annotated[
    str | None, typer.Option(help="Folder of config groups that ranks above ./conf.")
]
