"""Where the plans of a folder stand, so that what is wrong with one is told with its file and line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connector.catalog.folder import PLANS_FOLDER
from connector.document import Document, read_document
from connector.problem import Invalid


@dataclass(frozen=True)
class Places:
    """The files of plans by key; a plan without one (it was applied from elsewhere) is called by its key."""

    documents: Mapping[str, Document]

    def where(self, plan: str, task: str = "") -> str:
        """Return `plans/pay-dr.yaml:14: tasks.failover`, or `plan PAY-DR: tasks.failover` where there is no file."""
        at = ("tasks", task) if task else ()
        document = self.documents.get(plan)
        if document is None:
            return ": ".join(filter(None, (f"plan {plan}", ".".join(at))))
        return document.where(*at)


def places(directory: Path) -> Places:
    """Read where the plans of a folder stand; files that cannot be read are left out, as a check tells of them."""
    found: dict[str, Document] = {}
    for path in sorted((directory / PLANS_FOLDER).glob("*.y*ml")):
        try:
            document = read_document(path, f"{PLANS_FOLDER}/{path.name}")
        except Invalid:
            continue
        key = document.data.get("key") if isinstance(document.data, dict) else None
        if isinstance(key, str):
            found.setdefault(key, document)
    return Places(found)
