"""Which issue was the first to bear each of our unique labels, so that a clone or a late double is told apart."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

_ID = re.compile(r"[0-9]{1,18}")
_KEPT = 20_000


@dataclass(frozen=True)
class Original:
    """The oldest issue seen with a label; `key` is the write's whole key where this process knows it."""

    id: str = ""
    number: str = ""
    key: str = ""


class Originals:
    """Remembers the latest labels seen, and when creates were tried last; safe to use from several threads."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, Original] = OrderedDict()
        self._labels: OrderedDict[str, str] = OrderedDict()
        self._tried: OrderedDict[str, datetime] = OrderedDict()
        self._running: OrderedDict[str, datetime] = OrderedDict()
        self._lock = threading.Lock()

    def see(self, label: str, identity: str, number: str) -> Original:
        """Note that an issue bears `label`, and return the oldest that does (issue ids grow)."""
        with self._lock:
            self._labels[identity] = label
            _trim(self._labels)
            known = self._seen.get(label, Original())
            if not known.id or _age(identity) < _age(known.id):
                known = replace(known, id=identity, number=number)
            self._keep(label, known)
            return known

    def name(self, label: str, key: str) -> None:
        """Note which write's label it is."""
        with self._lock:
            self._keep(label, replace(self._seen.get(label, Original()), key=key))

    def key(self, label: str) -> str:
        with self._lock:
            return self._seen.get(label, Original()).key

    def label_of(self, identity: str) -> str:
        """Return the label that an issue was seen with, "" if it was not seen."""
        with self._lock:
            return self._labels.get(identity, "")

    def try_at(self, key: str, instant: datetime, *, running: bool = False) -> None:
        """Note when a create of the write `key` was tried; `running` says that it may still go on there."""
        with self._lock:
            self._tried[key] = instant
            if running:
                self._running[key] = instant
            else:
                self._running.pop(key, None)
            _trim(self._tried)
            _trim(self._running)

    def running_until(self, key: str, unclear_since: datetime, patience: timedelta) -> datetime | None:
        """Return until when an earlier create may still be at work there; None when its end is known.

        It may once we stopped waiting for it, and when the process that tried it died before it saw the end: then the
        call may have had all of its time, and as much again.
        """
        with self._lock:
            if key in self._running:
                return self._running[key] + patience
            return None if key in self._tried else unclear_since + 2 * patience

    def tried(self, key: str, unclear_since: datetime) -> datetime:
        """Return when the write was tried last, for all that is known."""
        with self._lock:
            return max(unclear_since, self._tried.get(key, unclear_since))

    def _keep(self, label: str, known: Original) -> None:
        self._seen[label] = known
        self._seen.move_to_end(label)
        _trim(self._seen)


def _age(identity: str) -> int:
    return int(identity) if _ID.fullmatch(identity) else 0


def _trim(kept: OrderedDict[str, Any]) -> None:
    while len(kept) > _KEPT:
        kept.popitem(last=False)
