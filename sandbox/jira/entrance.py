"""Who asks, and whether Jira lets them in."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Any

from flask import Response, jsonify

from sandbox.jira.seed import PASSWORD, TOKEN
from sandbox.jira.site import Site, User

_ANONYMOUS = "Client must be authenticated to access this resource."
_DENIED_PAGE = """<html><head><title>Unauthorized (401)</title></head><body>
<h1>Unauthorized (401)</h1><p>You are not logged in, or the credentials are wrong.</p>
</body></html>
"""


def sign_in(header: str, site: Site, *, cloud: bool) -> User | None:
    """The user of the header: Cloud takes email and API token, Data Center a personal token or a password."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer" and not cloud:
        return site.integration if _same(value, TOKEN) else None
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(value).decode("utf-8", "replace").partition(":")
    except (binascii.Error, ValueError):
        return None
    if not _same(secret, TOKEN if cloud else PASSWORD):
        return None
    return next((user for user in site.users if name == (user.email if cloud else user.user_name)), None)


def denied(*, cloud: bool, tried: bool, base: str) -> Response:
    """401: Cloud in plain words (JSON for the anonymous), Data Center with a page; a header names a failed try."""
    answer: Any
    if not cloud:
        answer = Response(_DENIED_PAGE, 401, content_type="text/html;charset=UTF-8")
    elif tried:
        answer = Response(_ANONYMOUS, 401, content_type="text/plain;charset=UTF-8")
    else:
        answer = jsonify({"message": _ANONYMOUS, "status-code": 401})
        answer.status_code = 401
    answer.headers["WWW-Authenticate"] = f'OAuth realm="{base}"' if cloud else 'OAuth realm="Jira"'
    if tried:
        answer.headers["X-Seraph-LoginReason"] = "AUTHENTICATED_FAILED"
    found: Response = answer
    return found


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode(), secret.encode())
