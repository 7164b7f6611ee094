from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from requests.exceptions import ConnectTimeout, ReadTimeout

from adapters.jira.connection import Connection
from adapters.jira.fault import NoEffect, Rejected, Unclear, answered, reasons, silent
from adapters.jira.shelf import Shelf
from connector.call import Call
from tests.adapters.jira.jira_desk import Desk


def test_both_halves_of_an_error_answer_are_told() -> None:
    body = {"errorMessages": ["No."], "errors": {"components": "Component name 'DB Ops' is not valid"}}

    assert reasons(body) == (("No.",), {"components": "Component name 'DB Ops' is not valid"})
    told = str(answered(400, body, "", None))
    assert told == "Jira answered 400: No.; components: Component name 'DB Ops' is not valid"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"type": "about:blank", "title": "Not Found", "status": 404, "detail": "No message available"}, "Not Found; No message available"),
        ({"message": "Forbidden", "status-code": 403}, "Forbidden"),
        ({"errorMessages": "one text"}, "one text"),
        ([], "no reason given"),
    ],
)  # fmt: skip
def test_other_shapes_of_errors_are_told(body: object, told: str) -> None:
    assert str(answered(404, body, "", None)) == f"Jira answered 404: {told}"


def test_plain_text_is_told_and_a_page_is_not() -> None:
    assert str(answered(401, None, "Basic auth failed", None)) == "Jira answered 401: Basic auth failed"
    assert str(answered(403, None, "<!DOCTYPE html><html>...", None)) == "Jira answered 403: no reason given"


def test_an_answer_is_sorted_by_what_may_have_happened() -> None:
    assert isinstance(answered(400, {}, "", None), Rejected)
    assert isinstance(answered(503, {}, "", 3.0), Unclear)
    busy = answered(429, {}, "", 3.0)
    assert isinstance(busy, NoEffect)
    assert busy.retry_after == 3.0


def test_a_connection_never_made_is_harmless_and_a_lost_one_is_not() -> None:
    refused = _error(lambda: requests.get("http://127.0.0.1:9", timeout=2))

    assert isinstance(silent(refused, 10), NoEffect)
    assert isinstance(silent(ConnectTimeout(), 10), NoEffect)
    assert isinstance(silent(ReadTimeout(), 10), Unclear)
    assert isinstance(silent(requests.exceptions.ConnectionError("aborted"), 10), Unclear)


def _error(call: object) -> OSError:
    try:
        call()  # type: ignore[operator]
    except OSError as error:
        return error
    raise AssertionError("it answered")


def test_the_client_asks_nothing_of_its_own_and_tries_once() -> None:
    told: list[Call] = []
    slept: list[float] = []
    way = Connection(
        "http://127.0.0.1:9",
        ("me", "secret"),
        "cloud",
        timeout=2,
        on_call=told.append,
        sleep=slept.append,
    )

    with pytest.raises(NoEffect):
        way.post("/issue/10001/transitions", {})

    assert [(call.method, call.path, call.status) for call in told] == [("POST", "/issue/{id}/transitions", 0)] * 4
    assert len(slept) == 3
    assert sum(slept) < 5
    client = way._new()
    assert (client._session.max_retries, client._session.timeout, client.deploymentType) == (0, 2, "Cloud")


def test_a_client_is_lent_to_one_call_at_a_time(desk: Desk) -> None:
    way = desk.adapter()._site.connection
    busy: set[int] = set()
    shared: list[int] = []
    new = way._new

    def watched() -> Any:
        client = new()
        request = client._session.request

        def once(*args: Any, **kwargs: Any) -> Any:
            if id(client) in busy:
                shared.append(id(client))
            busy.add(id(client))
            try:
                return request(*args, **kwargs)
            finally:
                busy.discard(id(client))

        client._session.request = once
        return client

    way._new = watched  # type: ignore[method-assign]
    with ThreadPoolExecutor(6) as pool:
        names = list(pool.map(lambda _: way.get("/myself")["displayName"], range(40)))

    assert names == ["Continuity Connector"] * 40
    assert shared == []
    assert way._idle.qsize() <= 6
    way.close()
    assert way._idle.qsize() == 0


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/issue/10001/transitions", "/issue/{id}/transitions"),
        ("/issue/bulk", "/issue/bulk"),
        ("/issue/createmeta/OPS/issuetypes/10001", "/issue/createmeta/{id}/issuetypes/{id}"),
        ("/project/OPS", "/project/{id}"),
        ("/search/jql", "/search/jql"),
    ],
)
def test_calls_are_told_by_paths_without_ids(path: str, named: str) -> None:
    told: list[str] = []
    way = Connection(
        "http://127.0.0.1:9", "t", "cloud", timeout=1, on_call=lambda call: told.append(call.path), sleep=lambda _: None
    )

    with pytest.raises(NoEffect):
        way.get(path)

    assert set(told) == {named}


def test_what_was_found_is_kept_and_outlives_trouble() -> None:
    now = 0.0
    answers: list[object] = ["one", Unclear("lost"), "three"]

    def fetch() -> object:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    shelf = Shelf(seconds=60, clock=lambda: now)
    seen = [shelf.get("k", fetch), shelf.get("k", fetch)]
    now = 61
    seen += [shelf.get("k", fetch), shelf.get("k", fetch)]
    now = 61 + 16
    seen.append(shelf.get("k", fetch))

    assert seen == ["one", "one", "one", "one", "three"]
    assert answers == []


def test_a_question_that_failed_is_not_asked_again_at_once() -> None:
    asked: list[int] = []

    def fetch() -> str:
        asked.append(1)
        raise NoEffect("down")

    shelf = Shelf(clock=lambda: 0.0)
    for _ in range(3):
        with pytest.raises(NoEffect):
            shelf.get("k", fetch)

    assert asked == [1]
