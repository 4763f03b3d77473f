"""Keeping passwords out of everything that is shown, logged or stored."""

from __future__ import annotations

import logging
import re

HIDDEN = "***"
_USER_INFO = re.compile(r"(?P<head>[A-Za-z][\w+.-]*\\?://[^\s/:@\\]*\\?:)[^\s/]*@")
"""A backslash stands before the colons where Hydra has quoted an address."""

_QUERY = re.compile(
    r"(?P<head>[?&;](?:password|passwd|pwd|token|secret|sig|signature|api_?key|access_?key|"
    r"secret_?access_?key|aws_secret_access_key|credential)s?=)[^&;\s#\"']+",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """Return the text with the passwords of all URLs in it replaced by `***`.

    Handles `scheme://user:password@host` (passwords holding `@` or `:` too) and secrets given as
    query parameters (`?password=`, `&token=` and the like).
    """
    without_user = _USER_INFO.sub(lambda match: f"{match['head']}{HIDDEN}@", text)
    return _QUERY.sub(lambda match: f"{match['head']}{HIDDEN}", without_user)


class RedactedFormatter(logging.Formatter):
    """Formats what is logged, without passwords."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a line."""
        return redact(super().format(record))
