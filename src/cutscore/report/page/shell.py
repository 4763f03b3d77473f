"""A page as one text: template, styles, scripts and values in one file."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jinja2

ROOM = "cutscore.report.page"


def page(
    template: str,
    title: str,
    data: object,
    scripts: Iterable[str],
    *,
    styles: Iterable[str] = (),
    room: str = ROOM,
    **context: Any,
) -> str:
    """Return a page that needs no other file and may load none.

    Parameters
    ----------
    template : str
        Its file, which extends `page.html.jinja`.
    title : str
        Plain text, as all of the context: it is escaped where it is written.
    data : object
        Plain JSON values, for the scripts; numbers must be finite.
    scripts : iterable of str
        Files that run one after the other, without modules: they share what they define.
    styles : iterable of str
        Files with styles of its own, after `page.css`.
    room : str
        The package that has template and scripts; what it lacks is taken from this one.
    **context
        What the template asks for besides.
    """
    return (
        _templates(room)
        .get_template(template)
        .render(
            title=title,
            data=data,
            style="\n".join(_source(room, name) for name in ("page.css", *styles)),
            script="\n".join(_source(room, name) for name in scripts),
            **context,
        )
    )


@cache
def _templates(room: str) -> jinja2.Environment:
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: _file(room, name).read_text("utf-8")),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["cost"] = lambda value: repr(value).removesuffix(".0")
    # What a script element holds is neither unescaped by browsers nor may it end the element.
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    return made


@cache
def _source(room: str, name: str) -> str:
    """Return a style or script of ours without indentation and lines of comment."""
    lines = (line.strip() for line in _file(room, name).read_text("utf-8").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(("//", "/*")))


def _file(room: str, name: str) -> Traversable:
    own = resources.files(room) / name
    return own if own.is_file() else resources.files(ROOM) / name
