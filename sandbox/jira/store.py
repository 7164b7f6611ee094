"""The issues of a site: the database that direct reads see, and the search index that runs behind it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from sandbox.jira.issue import Issue, Link
from sandbox.jira.refusal import unseen_issue

_BOOKMARKS = 10_000


@dataclass
class Index:
    """What a search sees: each write becomes visible `lag` seconds (real time) after it was made."""

    lag: float
    visible: dict[int, Issue] = field(default_factory=dict)
    waiting: deque[tuple[float, int, Issue | None]] = field(default_factory=deque)

    def note(self, issue_id: int, issue: Issue | None) -> None:
        self.waiting.append((time.monotonic() + self.lag, issue_id, issue))

    def catch_up(self) -> dict[int, Issue]:
        now = time.monotonic()
        while self.waiting and self.waiting[0][0] <= now:
            _, issue_id, issue = self.waiting.popleft()
            if issue is None:
                self.visible.pop(issue_id, None)
            else:
                self.visible[issue_id] = issue
        return self.visible


class Store:
    """All mutable state, under one lock (`with store.lock`) that every caller takes around what belongs together."""

    def __init__(self, lag: float) -> None:
        self.lock = threading.RLock()
        self._lag = lag
        self.reset()

    def reset(self) -> None:
        self.index = Index(self._lag)
        self._issues: dict[int, Issue] = {}
        self._ids: dict[str, int] = {}
        self._children: dict[int, list[int]] = {}
        self._links: dict[str, Link] = {}
        self._links_of: dict[int, list[str]] = {}
        self._last_number: dict[str, int] = {}
        self._serials: dict[str, int] = {}
        self._shown: OrderedDict[str, Issue] = OrderedDict()

    def bookmark(self, last: Issue) -> str:
        """Keep the last issue of a page as it was shown, for the page after it; old ones are forgotten."""
        token = f"{self.serial('page')}:{last.id}"
        self._shown[token] = last
        if len(self._shown) > _BOOKMARKS:
            self._shown.popitem(last=False)
        return token

    def shown(self, token: str) -> Issue | None:
        return self._shown.get(token)

    def serial(self, kind: str) -> int:
        """The next id of this kind: ids of different kinds overlap, as Jira's do."""
        self._serials[kind] = self._serials.get(kind, 9999) + 1
        return self._serials[kind]

    def next_key(self, project: str) -> str:
        self._last_number[project] = self._last_number.get(project, 0) + 1
        return f"{project}-{self._last_number[project]}"

    def find(self, id_or_key: str) -> Issue | None:
        if id_or_key.isdigit():
            return self._issues.get(int(id_or_key))
        number = self._ids.get(id_or_key.upper())
        return None if number is None else self._issues[number]

    def get(self, id_or_key: str) -> Issue:
        """Raises the 404 of an issue that is not there or cannot be seen."""
        issue = self.find(id_or_key)
        if issue is None:
            raise unseen_issue()
        return issue

    def by_id(self, issue_id: int) -> Issue:
        return self._issues[issue_id]

    def all(self) -> Iterator[Issue]:
        return iter(self._issues.values())

    def put(self, issue: Issue) -> Issue:
        before = self._issues.get(issue.id)
        if before is None or before.parent != issue.parent:
            if before is not None and before.parent is not None:
                self._children[before.parent].remove(issue.id)
            if issue.parent is not None:
                self._children.setdefault(issue.parent, []).append(issue.id)
        self._issues[issue.id] = issue
        self._ids[issue.key] = issue.id
        # An archived issue is taken out of the index, and can be read directly still (D).
        self.index.note(issue.id, None if issue.archived else issue)
        return issue

    def reconfigure(self, change: Callable[[Issue], Issue]) -> None:
        """Show all issues as `change` makes them, the index's old ones too: `updated` and the history stay."""
        self._issues = {identity: change(issue) for identity, issue in self._issues.items()}
        index = self.index
        index.visible = {identity: change(issue) for identity, issue in index.visible.items()}
        index.waiting = deque((at, number, issue and change(issue)) for at, number, issue in index.waiting)

    def remove(self, issue: Issue) -> None:
        for link in self.links(issue):
            self.unlink(link)
        for child in self.children(issue):
            if child.type.subtask:
                self.remove(child)
            else:
                self.put(replace(child, parent=None))
        if issue.parent is not None:
            self._children[issue.parent].remove(issue.id)
        del self._issues[issue.id]
        del self._ids[issue.key]
        self.index.note(issue.id, None)

    def children(self, issue: Issue) -> list[Issue]:
        return [self._issues[child] for child in self._children.get(issue.id, [])]

    def subtasks(self, issue: Issue) -> list[Issue]:
        """Straight from the database: no lag."""
        return [child for child in self.children(issue) if child.type.subtask]

    def links(self, issue: Issue) -> list[Link]:
        return [self._links[link] for link in self._links_of.get(issue.id, [])]

    def link(self, link: Link) -> None:
        self._links[link.id] = link
        for end in (link.source, link.destination):
            self._links_of.setdefault(end, []).append(link.id)

    def find_link(self, link_id: str) -> Link | None:
        return self._links.get(link_id)

    def unlink(self, link: Link) -> None:
        del self._links[link.id]
        for end in (link.source, link.destination):
            self._links_of[end].remove(link.id)
