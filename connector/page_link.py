"""Signed, expiring addresses of the read-only page that a ticket links to."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

DIGITS = 11
"""An expiry in epoch seconds has no more; a longer one is not ours."""


@dataclass(frozen=True)
class PageLinks:
    """Makes and checks addresses such as `https://desk.example/t/<connection>/<ticket>?e=<expiry>&s=<signature>`.

    The expiry is counted from an instant that the caller gives, so the same ticket gets the same address each time.
    """

    public_url: str
    secret: str = field(repr=False)
    valid: timedelta = timedelta(days=30)

    def address(self, connection: str, ticket: str, since: datetime) -> str:
        """Return the address of a ticket's page; it works until `since` plus the validity."""
        expiry = int(since.timestamp() + self.valid.total_seconds())
        path = f"/t/{quote(connection, safe='')}/{quote(ticket, safe='')}"
        return f"{self.public_url}{path}?e={expiry}&s={self._signature(connection, ticket, expiry)}"

    def accepts(self, connection: str, ticket: str, expiry: str, signature: str, now: datetime) -> bool:
        """Tell whether an address is ours and has not expired."""
        if not (expiry.isascii() and expiry.isdigit() and len(expiry) <= DIGITS):
            return False
        expected = self._signature(connection, ticket, int(expiry))
        fresh = datetime.fromtimestamp(int(expiry), UTC) >= now
        return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")) and fresh

    def _signature(self, connection: str, ticket: str, expiry: int) -> str:
        text = f"page\n{connection}\n{ticket}\n{expiry}".encode()
        return hmac.new(self.secret.encode(), text, hashlib.sha256).hexdigest()[:32]
