"""Whether a message comes from who holds the connection's secret."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from standardwebhooks import Webhook

from webhooks.headers import header as value_of

Scheme = Literal["standard", "hub", "static"]

SECRET_HEADER = "X-Continuity-Secret"  # noqa: S105  # nosec B105
STANDARD_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
HUB_HEADER = "X-Hub-Signature"
TOLERANCE = timedelta(minutes=5)
SHORTEST = 16
"""Bytes that a secret has at least (Standard Webhooks asks for 24 to 64; nothing in use is far below)."""

_PREFIX = "whsec_"
_MAX_HEADER = 4096
_TIMESTAMP = re.compile(r"[0-9]{1,11}")
_HUB = re.compile(r"sha256=([0-9a-f]{64})", re.IGNORECASE)


class Unsigned(Exception):
    """The message is not proven to come from the platform; `reason` says why, without a secret or a right signature."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def verify(
    scheme: Scheme,
    secrets: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    *,
    tolerance: timedelta = TOLERANCE,
    header: str = SECRET_HEADER,
) -> None:
    """Return if the message is signed with one of `secrets` (the present one and the one before it), else Unsigned.

    `standard` is Standard Webhooks 1.0 (HMAC-SHA256 of `id.timestamp.body`, several signatures allowed): the only one
    that binds a time, which may differ from `now` (aware) by `tolerance`. `hub` is `X-Hub-Signature: sha256=<hex>` over
    the raw body, as Jira Cloud's admin webhooks send it. `static` compares the header named `header` with the secret.
    """
    usable = [secret for secret in secrets if not fault(scheme, secret)]
    if not usable:
        raise Unsigned("no usable secret is set for this connection; see `continuity check`")
    if scheme == "standard":
        _standard(usable, headers, body, now, tolerance)
    elif scheme == "hub":
        _hub(usable, headers, body)
    else:
        _static(usable, headers, header)


def fault(scheme: Scheme, secret: str) -> str:
    """Return what is wrong with a secret for a scheme (for the check of settings), or ""; never shows the secret."""
    if not secret.strip():
        return "the secret is empty"
    if secret != secret.strip():
        return "the secret has blanks around it, which a header cannot carry"
    if scheme == "standard" and secret.startswith(_PREFIX) and not _decoded(secret.removeprefix(_PREFIX)):
        return f"what follows {_PREFIX} is not base64"
    if max(map(len, _keys(secret)), default=0) < SHORTEST if scheme == "standard" else len(secret.encode()) < SHORTEST:
        return f"the secret is shorter than {SHORTEST} bytes, so that it can be guessed; make one of 32 random bytes"
    return ""


def _standard(
    secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime, tolerance: timedelta
) -> None:
    # The library's own `verify` reads the machine's clock, allows a fixed five minutes, and fails with errors of other
    # kinds on odd headers; its `sign` is what we compare with.
    message, stamp, signatures = (_given(headers, name) for name in STANDARD_HEADERS)
    if not _TIMESTAMP.fullmatch(stamp):
        raise Unsigned("webhook-timestamp is not whole seconds since 1970")
    sent = datetime.fromtimestamp(int(stamp), UTC)
    if abs(now - sent) > tolerance:
        side = "before" if sent < now else "after"
        off, allowed = int(abs(now - sent).total_seconds()), int(tolerance.total_seconds())
        raise Unsigned(
            f"webhook-timestamp is {off} s {side} this server's clock, more than the {allowed} s allowed; "
            "check both clocks, and sign again when sending again"
        )
    try:
        text = body.decode()
    except UnicodeDecodeError as problem:
        raise Unsigned("the body is not UTF-8, so it cannot have been signed as text") from problem
    offered = [_bytes(part) for part in signatures.split() if part.startswith("v1,")]
    if not offered:
        raise Unsigned("webhook-signature holds no signature of version v1 (v1,<base64>)")
    # An id that is not ASCII was signed as UTF-8, which WSGI does not know.
    signed_id = _bytes(message).decode(errors="replace")
    right = [Webhook(key).sign(signed_id, sent, text).encode() for secret in secrets for key in _keys(secret)]
    _match(right, offered, "webhook-signature")


def _hub(secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> None:
    given = _HUB.fullmatch(_given(headers, HUB_HEADER))
    if given is None:
        raise Unsigned(f"{HUB_HEADER} is not sha256=<64 hex digits>")
    right = [hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode() for secret in secrets]
    _match(right, [given[1].lower().encode()], HUB_HEADER)


def _static(secrets: Sequence[str], headers: Mapping[str, str], header: str) -> None:
    # Digests are compared, so that not even the length of a secret shows in the time taken.
    given = hashlib.sha256(_bytes(_given(headers, header))).digest()
    _match([hashlib.sha256(secret.encode()).digest() for secret in secrets], [given], header)


def _match(right: Sequence[bytes], offered: Sequence[bytes], name: str) -> None:
    # Every pair is compared, whatever came before: the time taken does not tell which secret was near.
    found = False
    for one in right:
        for other in offered:
            found |= hmac.compare_digest(one, other)
    if not found:
        raise Unsigned(f"{name} does not match this connection's secret, neither the present nor the previous one")


def _given(headers: Mapping[str, str], name: str) -> str:
    value = value_of(headers, name)
    if not value:
        raise Unsigned(f"the header {name} is missing")
    if len(value) > _MAX_HEADER:
        raise Unsigned(f"the header {name} is longer than {_MAX_HEADER} characters")
    return value


def _bytes(value: str) -> bytes:
    """Return a header's bytes as they were sent: WSGI shows them as Latin-1, whatever they mean."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")


def _keys(secret: str) -> list[bytes]:
    """Return the keys that a Standard Webhooks secret can mean.

    `whsec_<base64>` is the specification's form. Without the prefix some senders decode base64 and others take the
    text as it stands (a ServiceNow script that calls gs.base64Encode on it): both hold the same secret.
    """
    decoded = _decoded(secret.removeprefix(_PREFIX))
    if secret.startswith(_PREFIX):
        return [decoded]
    return [secret.encode(), decoded] if decoded else [secret.encode()]


def _decoded(text: str) -> bytes:
    """Return the bytes behind base64, padded or not, or nothing where it is not base64."""
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
