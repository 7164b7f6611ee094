"""Each single value of the example set is broken in turn: a check tells what is wrong, and never fails itself."""

import copy
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connector import settings
from connector.bootstrap import NEEDS
from connector.catalog import folder, load, write_example
from connector.document import Document, Step, read_document
from connector.problem import Invalid
from connector.settings import survey

WRONG: tuple[Any, ...] = (
    *(None, "", "wrong one", "{{ {% ((", 7, True, date(2026, 1, 2)),
    *([], [None], [7, "x"], {}, {"x": {"y": None}}, {7: "x"}, [{"x": 1}]),
)
"""What stands in the place of a value; most is wrong for most of them."""
PLACES = ("servicenow", "jira")
ENVIRONMENT = {
    name: f"long enough for {name}"
    for name in (
        "CONTINUITY_SECRET",
        "SERVICENOW_PASSWORD",
        "SERVICENOW_WEBHOOK_SECRET",
        "JIRA_TOKEN",
        "JIRA_WEBHOOK_SECRET",
    )
}
SETTINGS = "continuity.yaml"
ALIKE = 2
RECORDS = ("services.yaml", "plans/pay-dr.yaml", "plans/portal-loss.yaml")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("example")
    write_example(found)
    return found


def paths(data: Any, above: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """Yield the path of each value, the whole first."""
    yield above
    steps: list[Step] = (
        list(data) if isinstance(data, dict) else list(range(len(data))) if isinstance(data, list) else []
    )
    for step in steps:
        yield from paths(data[step], (*above, step))


def places(data: Any) -> Iterator[tuple[Step, ...]]:
    """Yield the paths that are broken: of records of one kind (tasks, roles, ...) each field in the last two."""
    seen: Counter[tuple[Step, ...]] = Counter()
    for path in reversed(list(paths(data))):
        kind = (*path[:1], *path[2:])
        seen[kind] += 1
        if seen[kind] <= ALIKE:
            yield path


def variants(data: Any) -> Iterator[tuple[str, Any]]:
    """Yield the data with one value replaced, absent, or under another key, and what was done."""
    for path in places(data):
        for wrong in WRONG:
            changed = {"": copy.deepcopy(data)}
            holder: Any = changed
            for step in ("", *path)[:-1]:
                holder = holder[step]
            holder[("", *path)[-1]] = wrong
            yield f"{path} = {wrong!r}", changed[""]
        if path and isinstance(path[-1], str):
            for key in (None, f"{path[-1]} ", 7, "no such key"):
                changed = copy.deepcopy(data)
                holder = changed
                for step in path[:-1]:
                    holder = holder[step]
                value = holder.pop(path[-1])
                holder |= {} if key is None else {key: value}
                yield f"{path} under {key!r}", changed


@pytest.mark.parametrize("file", RECORDS[:2])
def test_no_wrong_value_of_a_record_makes_the_check_fail(file: str, example: Path, monkeypatch) -> None:
    documents = {name: read_document(example / name, name) for name in RECORDS}
    shown = documents[file]
    monkeypatch.setattr(folder, "read_with_doubles", lambda _path, name: (documents[name], ()))
    told = 0

    for what, data in variants(shown.data):
        documents[file] = Document(file, data, shown.lines)
        try:
            load(example, PLACES, date(2026, 11, 22))
        except Invalid:
            told += 1
        except Exception as error:  # noqa: BLE001 - any other is the fault that is looked for
            pytest.fail(f"{what}: {error!r}")

    assert told > 200


def test_no_wrong_value_of_the_settings_makes_the_check_fail(example: Path, monkeypatch) -> None:
    shown = read_document(example / SETTINGS, SETTINGS)
    told = 0

    for what, data in variants(shown.data):
        broken = Document(SETTINGS, data, shown.lines)
        monkeypatch.setattr(settings, "read_with_doubles", lambda *_, broken=broken: (broken, ()))
        try:
            told += bool(survey(example, ENVIRONMENT, NEEDS).problems)
        except Exception as error:  # noqa: BLE001 - any other is the fault that is looked for
            pytest.fail(f"{what}: {error!r}")

    assert told > 300
