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
    `plain` is a site without custom fields for continuity.
    """

    flavour: Flavour = "cloud"
    search_lag: float = 1.5
    targets: tuple[Target, ...] = ()
    rate_limits: bool = False
    webhook_retry_seconds: float = 0.5
    plain: bool = False

    @property
    def cloud(self) -> bool:
        return self.flavour == "cloud"
