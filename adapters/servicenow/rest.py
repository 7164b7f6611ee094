"""Calls to one instance through pysnow: a session per thread, short retries, and failures told apart by effect."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import uuid4

import pysnow
import requests
from pysnow.exceptions import MissingResult
from requests.auth import AuthBase
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_after_delay
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from adapters.body import Body
from adapters.retry_after import seconds_to_wait
from adapters.servicenow import batch
from adapters.servicenow.allowance import allowance
from adapters.servicenow.batch import Answer, Inner
from adapters.servicenow.credentials import SignInFailed, TokenAuth
from connector.call import Call, OnCall

Effect = Literal["refused", "retry", "unclear"]

ODD = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What reading an answer raises when its JSON has a shape that nobody expected."""

FILES = "/api/now/attachment"
"""Where files are; calls there are told under this name."""
# Longer waits belong to the queue: a thread must not sleep through them.
LONGEST_WAIT = 5.0
_ATTEMPTS = 3
_SECONDS = 12.0


class Failed(Exception):
    """A call failed; `effect` says what that means for a write.

    `refused`: no, and no again. `retry`: it certainly had no effect. `unclear`: it may have had its effect.
    """

    def __init__(self, effect: Effect, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.effect = effect
        self.reason = reason
        self.retry_after = retry_after


class Rest:
    """One instance. Safe to call from several threads: each has its session, as pysnow's objects are not shareable."""

    def __init__(self, url: str, auth: AuthBase, timeout: float, on_call: OnCall | None = None) -> None:
        parts = urlsplit(url)
        self._host = parts.netloc
        self._tls = parts.scheme == "https"
        self._auth = auth
        self._timeout = timeout
        self._on_call = on_call
        self._local = threading.local()
        self._sessions: weakref.WeakSet[requests.Session] = weakref.WeakSet()
        self._lock = threading.Lock()

    def batch(self, inners: Sequence[Inner], *, safe: bool) -> dict[str, Answer]:
        """Make one Batch call; `safe` says that all its requests only read. Raises Failed.

        Requests that the platform had no time for are not among the answers.
        """
        document = self._call("POST", batch.PATH, batch.pack(uuid4().hex, inners), safe=safe)
        try:
            return batch.unpack(document)
        except ODD as error:
            raise Failed("unclear", f"the Batch API answered without its requests: {error}") from error

    @contextmanager
    def raw(
        self, method: str, path: str, headers: Mapping[str, str], *, params: Any = None, body: Body | None = None
    ) -> Iterator[requests.Response]:
        """Make one call that is no JSON, for a file; what it answers is still to be read. Raises Failed."""
        address = f"{'https' if self._tls else 'http'}://{self._host}{path}"
        with ExitStack() as held:
            answer = held.enter_context(self._raw(method, address, headers, params, body))
            if answer.status_code == requests.codes.unauthorized and isinstance(self._auth, TokenAuth):
                self._auth.forget()
                if body is not None:
                    body.rewind()
                answer = held.enter_context(self._raw(method, address, headers, params, body))
            if not answer.ok or answer.is_redirect:
                _document(answer)
            try:
                yield answer
            except requests.RequestException as error:
                raise _unanswered(error) from error

    def close(self) -> None:
        """Close every thread's connections; a later call opens new ones."""
        with self._lock:
            for session in list(self._sessions):
                session.close()

    def _call(self, method: str, path: str, body: Mapping[str, Any], *, safe: bool) -> Mapping[str, Any]:
        def again(error: BaseException) -> bool:
            if not isinstance(error, Failed) or (error.retry_after or 0.0) > LONGEST_WAIT:
                return False
            # A write is sent again only when the first certainly had no effect; a read, freely.
            return error.effect == "retry" or (safe and error.effect == "unclear")

        attempts = Retrying(
            retry=retry_if_exception(again),
            stop=stop_after_attempt(_ATTEMPTS) | stop_after_delay(_SECONDS),
            wait=_pause,
            reraise=True,
        )
        return attempts(self._once, method, path, body)

    def _once(self, method: str, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = self._exchange(method, path, body)
        if answer.status_code == requests.codes.unauthorized and isinstance(self._auth, TokenAuth):
            # The token may have been revoked; a 401 has no effect, so a second try is safe.
            self._auth.forget()
            answer = self._exchange(method, path, body)
        return _document(answer)

    def _raw(
        self, method: str, address: str, headers: Mapping[str, str], params: Any, body: Body | None
    ) -> requests.Response:
        session: requests.Session = self._client().session
        began = time.perf_counter()
        answer: requests.Response | None = None
        try:
            answer = session.request(
                method,
                address,
                params=params,
                data=body,
                headers={"Content-Type": None, **headers},
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException as error:
            raise _unanswered(error) from error
        except SignInFailed as error:
            raise _not_signed_in(error) from error
        finally:
            if self._on_call is not None:
                self._on_call(_told(method, FILES, answer, time.perf_counter() - began))
        return answer

    def _exchange(self, method: str, path: str, body: Mapping[str, Any]) -> requests.Response:
        taken: list[requests.Response] = []

        def take(response: requests.Response, *_: Any, **__: Any) -> None:
            taken.append(response)

        # One Resource per call: it keeps parameters of earlier calls and is not thread safe.
        resource = self._client().resource(api_path=path, timeout=self._timeout)
        began = time.perf_counter()
        try:
            # pysnow hides the body of what is not a table's answer, so the response is taken by a hook.
            resource.request(method, json=body, hooks={"response": take}, allow_redirects=False)
        except MissingResult:
            pass
        except requests.RequestException as error:
            if not taken:
                raise _unanswered(error) from error
        except SignInFailed as error:
            raise _not_signed_in(error) from error
        finally:
            if self._on_call is not None:
                self._on_call(_told(method, path, taken[-1] if taken else None, time.perf_counter() - began))
        return taken[-1]

    def _client(self) -> Any:
        client = getattr(self._local, "client", None)
        if client is None:
            session = requests.Session()
            session.auth = self._auth
            client = pysnow.Client(host=self._host, use_ssl=self._tls, session=session)
            self._local.client = client
            with self._lock:
                self._sessions.add(session)
        return client


def _told(method: str, path: str, answer: requests.Response | None, seconds: float) -> Call:
    if answer is None:
        return Call(method, path, 0, seconds)
    refused = answer.status_code == requests.codes.too_many_requests
    alone = seconds_to_wait(answer.headers.get("Retry-After"), datetime.now(UTC)) if refused else None
    return Call(method, path, answer.status_code, seconds, allowance(answer.headers, refused=refused), alone)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, Failed) and error.retry_after is not None:
        return error.retry_after
    return 0.2 * 2.0 ** (state.attempt_number - 1)


def _unanswered(error: requests.RequestException) -> Failed:
    """Tell a connection that never stood from one that was lost with the request on it."""
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    if isinstance(error, (requests.exceptions.SSLError, requests.exceptions.InvalidURL)):
        return Failed("retry", f"no connection: {_short(error)}")
    if isinstance(error, requests.ConnectTimeout) or isinstance(reason, (NewConnectionError, ConnectTimeoutError)):
        return Failed("retry", f"no connection: {_short(error)}")
    if isinstance(error, requests.Timeout):
        return Failed("unclear", "no answer in time")
    return Failed("unclear", f"the connection was lost: {_short(error)}")


def _not_signed_in(error: SignInFailed) -> Failed:
    return Failed("refused" if error.status in (400, 401, 403) else "retry", str(error))


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def _document(answer: requests.Response) -> Mapping[str, Any]:
    try:
        document = answer.json()
    except (ValueError, RecursionError):  # no JSON, or nested without end
        document = None
    if not answer.ok or answer.is_redirect:
        raise failure(answer.status_code, batch.message(document), answer.headers)
    if not isinstance(document, Mapping):
        raise Failed("unclear", "answered with a page instead of JSON: the instance hibernates or asks for a sign-in")
    return document


def failure(status: int, reason: str, headers: Mapping[str, str]) -> Failed:
    """Return what an HTTP status other than success means; `headers` by lower-case or case-insensitive name."""
    told = f"HTTP {status}: {reason}"
    if status == requests.codes.too_many_requests:
        return Failed("retry", told, seconds_to_wait(headers.get("retry-after"), datetime.now(UTC)))
    if status >= requests.codes.server_error:
        return Failed("unclear", told, seconds_to_wait(headers.get("retry-after"), datetime.now(UTC)))
    if status in (301, 302, 303, 307, 308):
        return Failed("refused", f"{told} (sent elsewhere: is the address right, and is the instance awake?)")
    return Failed("refused", told)
