"""Files that would have no effect, because they stand where nothing is read."""

from __future__ import annotations

from pathlib import Path

from mappings.library import misplaced


def test_what_belongs_to_no_platform_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    for place in ("servicnow/incident.yaml", "jira/incident.yaml", "recovery_task.yaml", "notes/readme.txt"):
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("fields: {}\n")

    assert [str(problem) for problem in misplaced(tmp_path, ("servicenow", "jira"))] == [
        (
            "mappings/recovery_task.yaml: a mapping stands outside its platform's folder, so it would have no effect; "
            "put it into mappings/servicenow/ or the folder of its platform"
        ),
        (
            "mappings/servicnow: no platform has this name, so its files would have no effect; "
            "did you mean 'servicenow'?"
        ),
    ]


def test_a_folder_without_mappings_is_fine(tmp_path: Path) -> None:
    assert misplaced(tmp_path, ("servicenow",)) == []
