"""How a simulated instance is set up: plugins, permissions, limits and who hears its webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sandbox.webhooks import Target


@dataclass(frozen=True)
class Options:
    """An instance's set-up; the defaults are the seeded world.

    `mim` False lacks the columns of Major Incident Management; `plain` lacks those and every `u_` column. `bcm` has the
    tables of Business Continuity Management. `rules` are further tables of which a business rule of ours tells: by
    default none does of plans' tasks and assets. `promote` says where the workbench promotes a candidate. `journal_acl`
    keeps `sys_journal_field` from all but admin, `policy_acl` the data policies. `unreadable` and `unwritable` name
    `table.column` pairs that are absent from answers, or silently dropped from writes, for all but admin.
    `hidden_groups` names groups whose records all but admin get no sight of, after the page was cut. `data_policy`
    refuses to resolve or close an incident without close_code and close_notes. `duplicate_status` is the status of a
    second POST with the same sys_id: reports differ. `attachment_extensions` are the only file extensions taken (none:
    all), `attachment_max_size` is in bytes, `attachment_rights` are what all but admin may do with files.
    """

    mim: bool = True
    bcm: bool = False
    rules: frozenset[str] = frozenset()
    plain: bool = False
    promote: Literal["in_place", "create_new"] = "in_place"
    journal_acl: bool = True
    policy_acl: bool = True
    rate_limit_per_hour: int | None = None
    targets: tuple[Target, ...] = ()
    unreadable: frozenset[str] = frozenset()
    unwritable: frozenset[str] = frozenset()
    hidden_groups: frozenset[str] = frozenset()
    data_policy: bool = False
    duplicate_status: Literal[403, 500] = 403
    attachment_extensions: frozenset[str] = frozenset()
    attachment_max_size: int = 1024 * 1024 * 1024
    attachment_rights: frozenset[Literal["read", "write"]] = frozenset({"read", "write"})
