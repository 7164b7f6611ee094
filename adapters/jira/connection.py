"""The way to Jira: borrowed clients, a time limit on every call, and the retries that can do no harm."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from queue import Empty, LifoQueue
from typing import Any, Literal

from jira import JIRA
from jira.exceptions import JIRAError
from requests import Response
from requests.exceptions import RequestException
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_random_exponential,
)

from adapters.body import Body
from adapters.jira.allowance import allowance, leave_alone
from adapters.jira.fault import NoEffect, Rejected, Unclear, answered, silent
from adapters.retry_after import seconds_to_wait
from connector.call import Call, OnCall

Flavour = Literal["cloud", "datacenter"]
Credentials = tuple[str, str] | str
"""Basic authentication as (user or address, password or API token); a bearer token (a PAT) as one text."""

_ATTEMPTS = 4
_REFUSED = 429
_INLINE = 5.0
"""Seconds of Retry-After that are waited out here; longer ones go back to the caller."""

_OWN_NAMES = re.compile(
    r"/(issue|createmeta|project|issuetypes|content|attachment)/(?!bulk|meta|content|createmeta)[^/]+"
)
_BACKOFF = wait_random_exponential(multiplier=0.2, max=2.0)


class Connection:
    """Makes calls to one Jira with the `jira` client.

    The client is not documented as thread safe, so each call has one to itself, lent from a stack so that connections
    stay few and warm. Its own retries are off: they send a POST again after a lost connection, and so double issues.
    The deployment type is given, because without it the client would ask, or take paths that Cloud has removed.
    """

    def __init__(
        self,
        url: str,
        auth: Credentials,
        flavour: Flavour,
        *,
        timeout: float,
        on_call: OnCall | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        self.flavour = flavour
        self._auth = auth
        self.timeout = timeout
        self._on_call = on_call
        self._sleep = sleep
        self._idle: LifoQueue[JIRA] = LifoQueue()

    @property
    def cloud(self) -> bool:
        return self.flavour == "cloud"

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """Read `path`, which stands after `/rest/api/<version>`. Raises `Rejected`, `NoEffect`, `Unclear`."""
        return self._repeated("GET", path, params, None, repeatable=True)

    def ask(self, path: str, body: Mapping[str, Any]) -> Any:
        """Read by a POST that changes nothing (a search). Raises as `get` does."""
        return self._repeated("POST", path, None, body, repeatable=True)

    def post(self, path: str, body: Mapping[str, Any], *, repeatable: bool = False) -> Any:
        """Change something; `repeatable` says that a second call would have no second effect. Raises as `get` does."""
        return self._repeated("POST", path, None, body, repeatable=repeatable)

    def put(
        self, path: str, body: Mapping[str, Any], params: Mapping[str, str] | None = None, *, repeatable: bool
    ) -> Any:
        """Change a record. Raises as `get` does."""
        return self._repeated("PUT", path, params, body, repeatable=repeatable)

    def upload(self, path: str, body: Body, content_type: str) -> Any:
        """Send a form that holds a file, once. Raises as `get` does."""
        # Without this header Jira takes the form for a forged request (Atlassian's REST reference).
        headers = {"Content-Type": content_type, "X-Atlassian-Token": "no-check", "Accept": "application/json"}
        with self._exchange("POST", self._rest(path), path, data=body, headers=headers) as response:
            return _content(response)

    @contextmanager
    def download(self, address: str, named: str, params: Mapping[str, str] | None = None) -> Iterator[Response]:
        """Ask for a file at an address of Jira's own; what comes is still to be read. Raises as `get` does."""
        headers = {"Content-Type": None, "Accept": "*/*", "Accept-Encoding": "identity"}
        with self._exchange("GET", address, named, params=params, headers=headers, stream=True) as response:
            try:
                yield response
            except RequestException as error:
                raise silent(error, self.timeout) from None

    def close(self) -> None:
        while True:
            try:
                self._idle.get_nowait()._session.close()  # noqa: SLF001 - its own close() is untyped, and once only
            except Empty:
                return

    def _repeated(
        self, method: str, path: str, params: Mapping[str, str] | None, body: Any, *, repeatable: bool
    ) -> Any:
        def worth_it(error: BaseException) -> bool:
            if isinstance(error, NoEffect):
                return (error.retry_after or 0.0) <= _INLINE
            return repeatable and isinstance(error, Unclear)

        attempts = Retrying(
            stop=stop_after_attempt(_ATTEMPTS) | stop_after_delay(self.timeout),
            wait=_pause,
            retry=retry_if_exception(worth_it),
            sleep=self._sleep,
            reraise=True,
        )
        return attempts(self._once, method, path, params, body)

    def _once(self, method: str, path: str, params: Mapping[str, str] | None, body: Any) -> Any:
        data = None if body is None else json.dumps(body)
        return _content(self._exchange(method, self._rest(path), path, params=params, data=data))

    def _rest(self, path: str) -> str:
        return f"{self.url}/rest/api/{'3' if self.cloud else '2'}{path}"

    def _exchange(self, method: str, address: str, path: str, **how: Any) -> Response:
        """Make one call, told under `path`."""
        started = time.monotonic()
        response: Response | None = None
        try:
            with self._client() as client:
                response = client._session.request(  # noqa: SLF001 - the client's only way to make a raw call
                    method, address, allow_redirects=False, **how
                )
        except JIRAError as error:
            response = error.response
            # Neither its text (it drops messages) nor its headers (they are the request's, with credentials) are used.
            raise _fault(error.response) from None
        except RequestException as error:
            raise silent(error, self.timeout) from None
        finally:
            if self._on_call is not None:
                self._on_call(self._told(method, path, response, time.monotonic() - started))
        return response

    def _told(self, method: str, path: str, response: Response | None, seconds: float) -> Call:
        named = _OWN_NAMES.sub(r"/\1/{id}", path)
        if response is None:
            return Call(method, named, 0, seconds)
        said = allowance(response.headers, cloud=self.cloud)
        alone = leave_alone(response.headers, datetime.now(UTC)) if response.status_code == _REFUSED else None
        return Call(method, named, response.status_code, seconds, said, alone)

    @contextmanager
    def _client(self) -> Iterator[JIRA]:
        try:
            client = self._idle.get_nowait()
        except Empty:
            client = self._new()
        try:
            yield client
        finally:
            self._idle.put(client)

    def _new(self) -> JIRA:
        basic, bearer = (self._auth, None) if isinstance(self._auth, tuple) else (None, self._auth)
        client = JIRA(
            self.url,
            options={"rest_api_version": "3" if self.cloud else "2"},
            basic_auth=basic,
            token_auth=bearer,
            get_server_info=False,
            max_retries=0,
            timeout=self.timeout,
        )
        client.deploymentType = "Cloud" if self.cloud else "Server"
        return client


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome is not None else None
    if isinstance(error, NoEffect) and error.retry_after is not None:
        return error.retry_after
    return _BACKOFF(state)


def _content(response: Response) -> Any:
    if response.is_redirect or response.is_permanent_redirect:
        target = response.headers.get("Location", "elsewhere")
        raise Rejected(response.status_code, (f"redirected to {target}: set the connection's url to Jira's own",))
    if not response.content.strip():
        return None
    try:
        return response.json()
    except (ValueError, RecursionError):  # no JSON, or nested without end
        raise Unclear(
            f"Jira answered {response.status_code} with a page instead of JSON (a login or maintenance page?)"
        ) from None


def _fault(response: Response | None) -> Exception:
    if response is None:
        return Unclear("Jira gave no answer that could be read")
    try:
        body = response.json()
    except (ValueError, RecursionError):
        body = None
    wait = seconds_to_wait(response.headers.get("Retry-After"), datetime.now(UTC))
    return answered(response.status_code, body, response.text, wait)
