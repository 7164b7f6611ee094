"""Mappings are compiled once: what is read and written afterwards parses no text again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.condition import Expression
from connector.template import Template
from mappings import transforms
from mappings.library import load
from tests.bench import mapping as bench

TEXT = """
fields:
  title: {direction: write, template: "DR: {{ value }}"}
  order: {field: order, type: number, when: "number != 'none'"}
  x_label: {field: u_label, direction: write, compute: "title + ' / ' + team"}
"""


def counted(monkeypatch: pytest.MonkeyPatch, of: Any, name: str, counts: Counter[str]) -> None:
    kept: Callable[..., Any] = getattr(of, name)

    def count(*args: Any, **kwargs: Any) -> Any:
        counts[f"{of.__name__}.{name}"] += 1
        return kept(*args, **kwargs)

    monkeypatch.setattr(of, name, count)


def test_a_hundred_records_compile_each_field_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "mappings" / "servicenow"
    folder.mkdir(parents=True)
    (folder / "recovery_task.yaml").write_text(TEXT)
    mapping = load("servicenow", tmp_path)["recovery_task"].bind(lambda field: field)
    counts: Counter[str] = Counter()
    for of, name in ((transforms, "reader"), (transforms, "writer"), (Template, "__init__"), (Expression, "__init__")):
        counted(monkeypatch, of, name, counts)

    for number in range(100):
        written = mapping.write({"title": f"Step {number}", "order": number}, lambda lookup, name: name, whole=True)
        assert written.fields["u_label"] == f"Step {number} / "
        assert mapping.read({"order": str(number), "short_description": "x"}).problems == ()

    assert counts == {"mappings.transforms.reader": 1, "mappings.transforms.writer": 3}


def test_the_record_of_the_bench_is_the_same_for_mapping_and_marshmallow() -> None:
    mapping, schema, record = bench.mapped(), bench.plain_schema(), bench.sent()

    assert len(record) == 30
    assert mapping.read(record).values == bench.expected()
    assert bench.crossed(mapping, record) == bench.loaded(schema, record) == record
