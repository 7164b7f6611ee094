"""In which project each issue was seen last, as an issue can be moved and its key goes stale with it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime, timedelta

FRESH = timedelta(minutes=5)
"""How long what was seen counts: what people wrote for the desk only must not go by an older memory."""

_KEPT = 20_000


class Homes:
    """Remembers the latest issues seen; safe to use from several threads."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[datetime, str]] = OrderedDict()
        self._lock = threading.Lock()

    def see(self, identity: str, project: str, at: datetime) -> None:
        """Note that the issue was in `project` (its key) at an instant; what was seen later stays."""
        if not identity or not project:
            return
        with self._lock:
            if identity in self._seen and self._seen[identity][0] > at:
                return
            self._seen[identity] = (at, project)
            self._seen.move_to_end(identity)
            if len(self._seen) > _KEPT:
                self._seen.popitem(last=False)

    def of(self, identity: str, now: datetime) -> str:
        """Return the key of the issue's project, "" if that was not seen within `FRESH`."""
        with self._lock:
            at, project = self._seen.get(identity, (datetime.min.replace(tzinfo=now.tzinfo), ""))
        return project if now - at <= FRESH else ""


def project_of(number: str) -> str:
    """Return the project's key in an issue's key."""
    return number.rpartition("-")[0]
