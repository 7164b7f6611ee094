"""What a simulated Jira is started with."""

from dataclasses import dataclass
from typing import Literal

from sandbox.webhooks import Target

Flavour = Literal["cloud", "datacenter"]


@dataclass(frozen=True)
class Options:
    """`search_lag` in seconds: how long a write takes to be found by a search (direct reads see it at once).

    `rate_limits` switches the bursts' limits on (Cloud) or the token bucket's headers (Data Center).
    A webhook target of style "static" gets its secret in X-Continuity-Secret; any other what the flavour does itself.
    `webhook_retry_seconds` is the pause before the first retry of a failed webhook; the real one is 5 to 15 minutes.
    `plain` is a site without custom fields for continuity. `attachments` switches files on issues off, `upload_limit`
    is in bytes. `redirects_always` sends to a file's content elsewhere though it was asked not to (Cloud);
    `secure_takes_pat` False gives who brings a personal access token the login page instead (Data Center).
    """

    flavour: Flavour = "cloud"
    search_lag: float = 1.5
    targets: tuple[Target, ...] = ()
    rate_limits: bool = False
    webhook_retry_seconds: float = 0.5
    plain: bool = False
    attachments: bool = True
    upload_limit: int = 10_485_760
    redirects_always: bool = False
    secure_takes_pat: bool = True

    @property
    def cloud(self) -> bool:
        return self.flavour == "cloud"
