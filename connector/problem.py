"""One error type for everything a person wrote or set up: where it is, what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, order=True)
class Problem:
    """A fault that a person can mend.

    `where` is a breadcrumb such as `plans/pay-dr.yaml:14: tasks.failover.after`; `what` says what is wrong; `fix`, if
    given, what to do. `level` is `error` (blocks) or `warning`.
    """

    where: str
    what: str
    fix: str = ""
    level: str = "error"

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f"; {self.fix}" if self.fix else "")


class Invalid(Exception):
    """What was given cannot be used; `problems` holds everything that is wrong with it, not just the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `did you mean 'x'?` for the known name nearest to `name`, or an empty text."""
    names = sorted(known)
    folded = {known_name.casefold(): known_name for known_name in names}
    close = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return f"did you mean '{folded[close[0]]}'?" if close else ""
