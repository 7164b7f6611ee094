"""The one style sheet of our pages, inlined so that a page is one request, and the headers that allow nothing else."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib import resources

from flask import Response
from markupsafe import Markup


@dataclass(frozen=True)
class Style:
    """The style sheet's text, and the Content-Security-Policy that lets it alone in, by its hash."""

    text: Markup
    policy: str

    @classmethod
    def read(cls) -> Style:
        text = (resources.files("connector.console") / "static" / "page.css").read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        policy = (
            f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        )
        return cls(Markup(text), policy)  # noqa: S704 - our own file, and nothing but it

    def protect(self, response: Response) -> Response:
        """Set the headers of a page with people's phone numbers: not kept, not framed, not told to other sites."""
        response.headers["Content-Security-Policy"] = self.policy
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response
