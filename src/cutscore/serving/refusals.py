"""What a caller is told when a request cannot be answered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from starlette.responses import Response

from cutscore.errors import Fault

_LONGEST = 200


class Refused(Exception):  # noqa: N818  # a caller's mistake, or a limit; no defect
    """A request that is not answered: its status, a word for the count of refusals, the faults."""

    def __init__(self, status: int, kind: str, faults: Fault | Iterable[Fault]) -> None:
        self.status, self.kind = status, kind
        self.faults = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))

    @property
    def response(self) -> Response:
        """The answer to the caller."""
        extra = {401: {"WWW-Authenticate": "Bearer"}, 408: {"Connection": "close"}}
        headers = extra.get(self.status, {"Retry-After": "1"} if self.status == 503 else {})
        body = refusal_body(self.faults)
        return Response(body, self.status, headers, "application/json")


def too_many(number: int, max_rows: int) -> Refused:
    """Return the refusal of too many rows."""
    problem = f"there are {number:,}, and at most {max_rows:,} are decided at once."
    remedy = "Send them in parts, or score a file by `cutscore predict`."
    return Refused(413, "rows", Fault("rows", problem, remedy))


def refusal_body(faults: Iterable[Fault]) -> bytes:
    """Return the JSON of faults, each with the column, or the part of the request, it is about."""
    listed = [_plain(fault) for fault in faults]
    things = "One thing is" if len(listed) == 1 else f"{len(listed)} things are"
    told = f"{things} wrong with this request; nothing was decided."
    return orjson.dumps({"error": told, "faults": listed})


def _plain(fault: Fault) -> dict[str, Any]:
    return {
        "column": fault.setting[:_LONGEST],
        "problem": fault.problem,
        "remedy": fault.remedy,
        "rows": fault.rows,
    }
