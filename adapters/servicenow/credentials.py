"""How the connection signs in: a user and password, or OAuth client credentials."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import requests
from requests.auth import AuthBase, HTTPBasicAuth

# A token is renewed this long before it would run out, so that none runs out on its way.
_EARLY = 60.0


@dataclass(frozen=True)
class BasicAuth:
    """A user of the platform with its password."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class ClientCredentials:
    """An OAuth client of the platform; `token_path` is where it gives tokens."""

    client_id: str
    client_secret: str = field(repr=False)
    token_path: str = "/oauth_token.do"  # noqa: S105 - an address, no secret


Credentials = BasicAuth | ClientCredentials


class TokenAuth(AuthBase):
    """Puts a bearer token on requests, fetched when first needed and shared by all threads.

    pysnow's own OAuthClient knows the password grant only and ignores timeouts.
    """

    def __init__(
        self,
        url: str,
        credentials: ClientCredentials,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url + credentials.token_path
        self._credentials = credentials
        self._timeout = timeout
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._current()}"
        return request

    def forget(self) -> None:
        """Drop the token: the platform did not take it."""
        with self._lock:
            self._until = 0.0

    def _current(self) -> str:
        with self._lock:
            if self._clock() >= self._until:
                self._fetch()
            return self._token

    def _fetch(self) -> None:
        answer = requests.post(
            self._url,
            data={
                "grant_type": "client_credentials",
                "client_id": self._credentials.client_id,
                "client_secret": self._credentials.client_secret,
            },
            timeout=self._timeout,
            allow_redirects=False,
        )
        if answer.status_code != requests.codes.ok:
            raise SignInFailed(answer.status_code)
        try:
            document = answer.json()
            self._token = str(document["access_token"])
            lasts = float(document.get("expires_in", 1800))
        except (ValueError, KeyError, TypeError) as error:
            raise SignInFailed(answer.status_code) from error
        self._until = self._clock() + max(lasts - _EARLY, 1.0)


class SignInFailed(Exception):
    """The platform gave no token for the client credentials; the request itself was not made."""

    def __init__(self, status: int) -> None:
        super().__init__(f"no token for the client credentials (HTTP {status})")
        self.status = status


def sign_in(url: str, credentials: Credentials, timeout: float) -> AuthBase:
    """Return what signs each request of a session."""
    if isinstance(credentials, BasicAuth):
        return HTTPBasicAuth(credentials.user, credentials.password)
    return TokenAuth(url, credentials, timeout)
