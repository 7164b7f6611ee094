"""Issues: what a create or an edit takes, what it refuses and in which words, and what a read gives."""

import pytest

from sandbox.jira.options import Options

PLAN, PROGRESS, RTO, TEAM = "customfield_10101", "customfield_10104", "customfield_10105", "customfield_10106"


def errors(answer):
    assert answer["errorMessages"] == []
    return answer["errors"]


def fields(**more):
    return {"fields": {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "Fail over", **more}}


def test_a_created_issue_answers_with_id_key_and_self(cloud):
    answer = cloud.ask("POST", "issue", fields())

    assert answer.status_code == 201
    assert answer.json == {"id": "10000", "key": "OPS-1", "self": "http://localhost/rest/api/2/issue/10000"}


def test_keys_count_up_within_their_project(cloud):
    assert [cloud.create("OPS"), cloud.create("NET"), cloud.create("OPS")] == ["OPS-1", "NET-1", "OPS-2"]


def test_an_issue_reads_back_what_was_written(cloud):
    key = cloud.create(
        labels=["b", "a"],
        components=[{"name": "Database Operations"}],
        priority={"name": "Highest"},
        assignee={"accountId": "acc-priya-dba"},
        duedate="2026-03-02",
        description="h1. Do it",
        **{PLAN: "PAY-DR", PROGRESS: 40, RTO: "2026-03-02T14:00:00.000+0100"},
    )

    read = cloud.get(f"issue/{key}")["fields"]

    assert read["labels"] == ["a", "b"]
    assert [c["name"] for c in read["components"]] == ["Database Operations"]
    assert read["priority"]["name"] == "Highest"
    assert read["assignee"]["displayName"] == "Priya Nair"
    assert read["duedate"] == "2026-03-02"
    assert read["description"] == "h1. Do it"
    assert (read[PLAN], read[PROGRESS], read[RTO]) == ("PAY-DR", 40.0, "2026-03-02T13:00:00.000+0000")
    assert read["status"]["name"] == "To Do"
    assert read["creator"]["accountId"] == "acc-continuity-integration"


def test_an_issue_can_be_read_by_id_and_by_a_key_in_any_case(cloud):
    cloud.create()

    assert cloud.get("issue/10000")["key"] == cloud.get("issue/ops-1")["key"] == "OPS-1"


def test_an_issue_that_is_not_there_is_a_404_in_jiras_words(cloud):
    assert cloud.refused("GET", "issue/OPS-99", status=404) == {
        "errorMessages": ["Issue does not exist or you do not have permission to see it."],
        "errors": {},
    }


def test_only_the_asked_fields_are_given(cloud):
    key = cloud.create()

    assert set(cloud.get(f"issue/{key}", fields="summary,status")["fields"]) == {"summary", "status"}
    assert "comment" not in cloud.get(f"issue/{key}", fields="*navigable")["fields"]
    assert "description" not in cloud.get(f"issue/{key}", fields="*all,-description")["fields"]


@pytest.mark.parametrize(
    ("sent", "field", "words"),
    [
        ({"summary": ""}, "summary", "You must specify a summary of the issue."),
        ({"summary": "x" * 256}, "summary", "Summary must be less than 255 characters."),
        ({"summary": "a\nb"}, "summary", "The summary is invalid because it contains newline characters."),
        ({"project": {"key": "NOPE"}}, "project", "Specify a valid project ID or key"),
        ({"issuetype": {"name": "Epos"}}, "issuetype", "Specify a valid issue type"),
        (
            {"customfield_10199": "x"},
            "customfield_10199",
            "Field 'customfield_10199' cannot be set. It is not on the appropriate screen, or unknown.",
        ),
        (
            {"resolution": {"name": "Done"}},
            "resolution",
            "Field 'resolution' cannot be set. It is not on the appropriate screen, or unknown.",
        ),
        ({"components": [{"name": "DB Ops"}]}, "components", "Component name 'DB Ops' is not valid"),
        ({"components": [{"id": "1"}]}, "components", "Component id '1' is not valid"),
        ({"labels": ["two words"]}, "labels", "The label 'two words' contains spaces which is invalid."),
        ({"priority": {"name": "P1"}}, "priority", "The priority selected is invalid."),
        ({"assignee": {"accountId": "acc-nobody"}}, "assignee", "User 'acc-nobody' does not exist."),
        ({PROGRESS: "40"}, PROGRESS, "Operation value must be a number"),
        ({PLAN: 7}, PLAN, "Operation value must be a string"),
        (
            {PLAN: "x" * 256},
            PLAN,
            "The entered text is too long. It exceeds the allowed limit of 255 characters.",
        ),
        ({RTO: "2026-03-02T13:00:00Z"}, RTO, "Error parsing time: 2026-03-02T13:00:00Z"),
        ({RTO: "2026-03-02T13:00:00.000+00:00"}, RTO, "Error parsing time: 2026-03-02T13:00:00.000+00:00"),
        ({"duedate": "02.03.2026"}, "duedate", "Error parsing date string: 02.03.2026"),
        ({"description": {"type": "doc"}}, "description", "Operation value must be a string"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_under_its_field(cloud, sent, field, words):
    assert errors(cloud.refused("POST", "issue", fields(**sent))) == {field: words}
    assert cloud.state()["issues"] == []


def test_all_problems_of_a_create_are_told_at_once(cloud):
    sent = fields(components=[{"name": "DB Ops"}], labels=["a b"])
    del sent["fields"]["summary"]

    assert set(errors(cloud.refused("POST", "issue", sent))) == {"components", "labels", "summary"}


def test_team_is_not_on_the_screens_of_net(cloud):
    cloud.create("OPS", **{TEAM: "dba"})
    sent = {"fields": {"project": {"key": "NET"}, "issuetype": {"name": "Task"}, "summary": "x", TEAM: "net"}}

    assert errors(cloud.refused("POST", "issue", sent)) == {
        TEAM: f"Field '{TEAM}' cannot be set. It is not on the appropriate screen, or unknown."
    }


def test_a_person_who_may_not_work_on_a_project_cannot_be_assigned(cloud):
    sent = {"fields": {"project": {"key": "NET"}, "issuetype": {"name": "Task"}, "summary": "x"}}
    sent["fields"]["assignee"] = {"accountId": "acc-dana-desk"}

    assert errors(cloud.refused("POST", "issue", sent)) == {
        "assignee": "User 'acc-dana-desk' cannot be assigned issues."
    }


def test_cloud_wants_account_ids_and_data_center_names(cloud, datacenter):
    assert "accountId" in errors(cloud.refused("POST", "issue", fields(assignee={"name": "priya.dba"})))["assignee"]

    key = datacenter.create(assignee={"name": "priya.dba"})

    person = datacenter.get(f"issue/{key}")["fields"]["assignee"]
    assert (person["name"], person["key"]) == ("priya.dba", "JIRAUSER10102")
    assert "accountId" not in person


def test_a_sub_task_needs_a_parent_of_its_own_project(cloud):
    parent = cloud.create("OPS")
    sub = {"issuetype": {"name": "Sub-task"}}

    assert errors(cloud.refused("POST", "issue", fields(**sub))) == {
        "issuetype": "Issue type is a sub-task but parent issue key or id not specified."
    }
    assert errors(cloud.refused("POST", "issue", fields(**sub, project={"key": "NET"}, parent={"key": parent}))) == {
        "project": "Sub-tasks must be created in the same project as the parent."
    }
    assert errors(cloud.refused("POST", "issue", fields(**sub, parent={"key": "OPS-9"}))) == {
        "parent": "Could not find issue by id or key."
    }


def test_a_parent_lists_its_sub_tasks_briefly_and_at_once(jira_with):
    cloud = jira_with(Options(search_lag=60))
    parent = cloud.create()
    cloud.create(kind="Sub-task", parent={"key": parent}, labels=["ours"])

    (sub,) = cloud.get(f"issue/{parent}")["fields"]["subtasks"]

    assert set(sub) == {"id", "key", "self", "fields"}
    assert set(sub["fields"]) == {"summary", "status", "priority", "issuetype"}
    assert cloud.get(f"issue/{sub['key']}")["fields"]["parent"]["key"] == parent


def test_an_epic_can_be_the_parent_of_a_task_on_cloud_and_is_no_sub_task(cloud):
    epic = cloud.create(kind="Epic")
    cloud.create(parent={"key": epic})

    assert cloud.get(f"issue/{epic}")["fields"]["subtasks"] == []
    assert cloud.get("issue/OPS-2")["fields"]["parent"]["key"] == epic


def test_a_bulk_create_takes_fifty_at_most(cloud):
    answer = cloud.refused("POST", "issue/bulk", {"issueUpdates": [fields()] * 51})

    assert "50" in answer["errorMessages"][0]
    assert cloud.state()["issues"] == []


def test_a_bulk_create_answers_201_for_a_part_and_names_what_failed(cloud):
    updates = [fields() for _ in range(12)]
    updates[7] = fields(components=[{"name": "DB Ops"}])

    answer = cloud.ask("POST", "issue/bulk", {"issueUpdates": updates})

    assert answer.status_code == 201
    assert len(answer.json["issues"]) == 11
    assert answer.json["errors"] == [
        {
            "status": 400,
            "elementErrors": {"errorMessages": [], "errors": {"components": "Component name 'DB Ops' is not valid"}},
            "failedElementNumber": 7,
        }
    ]


def test_a_bulk_create_where_all_fail_answers_400(cloud):
    answer = cloud.refused("POST", "issue/bulk", {"issueUpdates": [fields(labels=["a b"])] * 2})

    assert answer["issues"] == []
    assert [error["failedElementNumber"] for error in answer["errors"]] == [0, 1]


def test_an_edit_answers_204_or_on_cloud_the_issue_when_asked(cloud, datacenter):
    key = cloud.create()
    datacenter.create()

    assert cloud.ask("PUT", f"issue/{key}", {"fields": {"summary": "New"}}).status_code == 204
    answer = cloud.ask("PUT", f"issue/{key}", {"fields": {"summary": "Newer"}}, returnIssue="true")
    assert (answer.status_code, answer.json["fields"]["summary"]) == (200, "Newer")
    answer = datacenter.ask("PUT", f"issue/{key}", {"fields": {"summary": "Newer"}}, returnIssue="true")
    assert (answer.status_code, answer.text) == (204, "")


def test_update_adds_and_removes_labels_and_components(cloud):
    key = cloud.create(labels=["keep", "drop"], components=[{"name": "Service Desk"}])
    update = {
        "labels": [{"add": "new"}, {"remove": "drop"}],
        "components": [{"add": {"name": "Network Operations"}}, {"remove": {"name": "Service Desk"}}],
        "summary": [{"set": "Changed"}],
    }

    assert cloud.ask("PUT", f"issue/{key}", {"update": update}).status_code == 204

    read = cloud.get(f"issue/{key}")["fields"]
    assert read["labels"] == ["keep", "new"]
    assert [c["name"] for c in read["components"]] == ["Network Operations"]
    assert read["summary"] == "Changed"


def test_an_edit_that_is_wrong_in_one_field_changes_nothing(cloud):
    key = cloud.create()

    cloud.refused("PUT", f"issue/{key}", {"fields": {"summary": "New", "labels": ["a b"]}})

    assert cloud.get(f"issue/{key}")["fields"]["summary"] == "Fail over"


def test_an_edit_can_add_a_comment_and_a_link_in_the_same_request(cloud):
    key, other = cloud.create(), cloud.create()
    update = {
        "comment": [{"add": {"body": "Started"}}],
        "issuelinks": [{"add": {"type": {"name": "Blocks"}, "outwardIssue": {"key": other}}}],
    }

    cloud.ask("PUT", f"issue/{key}", {"update": update})

    read = cloud.get(f"issue/{key}")["fields"]
    assert [c["body"] for c in read["comment"]["comments"]] == ["Started"]
    assert read["issuelinks"][0]["outwardIssue"]["key"] == other
    (seen,) = cloud.get(f"issue/{other}")["fields"]["issuelinks"]
    assert (seen["inwardIssue"]["key"], seen["type"]["inward"]) == (key, "is blocked by")


def test_updated_moves_by_milliseconds_even_while_the_clock_stands(cloud):
    cloud.steer("clock", {"now": "2026-03-02T09:00:00Z"})
    key = cloud.create()
    stamps = [cloud.get(f"issue/{key}")["fields"]["updated"]]

    for text in ("one", "two"):
        cloud.ask("PUT", f"issue/{key}", {"fields": {"summary": text}})
        stamps.append(cloud.get(f"issue/{key}")["fields"]["updated"])

    assert stamps == [f"2026-03-02T09:00:00.00{n}+0000" for n in (0, 1, 2)]


def test_an_edit_without_effect_is_not_written(cloud):
    key = cloud.create()
    before = cloud.get(f"issue/{key}")["fields"]["updated"]

    cloud.ask("PUT", f"issue/{key}", {"fields": {"summary": "Fail over"}})

    assert cloud.get(f"issue/{key}")["fields"]["updated"] == before


def test_a_silent_edit_takes_an_administrator(cloud):
    key = cloud.create()

    cloud.refused("PUT", f"issue/{key}", {"fields": {"summary": "x"}}, status=403, notifyUsers="false")


def test_an_issue_with_sub_tasks_is_deleted_only_with_them(cloud):
    parent = cloud.create()
    cloud.create(kind="Sub-task", parent={"key": parent})

    assert "deleteSubtasks" in cloud.refused("DELETE", f"issue/{parent}")["errorMessages"][0]
    assert cloud.ask("DELETE", f"issue/{parent}", deleteSubtasks="true").status_code == 204
    assert cloud.state()["issues"] == []


def test_a_clone_copies_the_labels(cloud):
    key = cloud.create(labels=["cc-0123"])

    clone = cloud.steer("clone", {"key": key})["key"]

    assert cloud.get(f"issue/{clone}")["fields"]["labels"] == ["cc-0123"]
    assert cloud.found('labels = "cc-0123" ORDER BY created ASC, id ASC') == [key, clone]


def test_bulkfetch_reads_issues_from_the_database_on_cloud_only(cloud, datacenter):
    key = cloud.create()

    answer = cloud.ask("POST", "issue/bulkfetch", {"issueIdsOrKeys": [key, "OPS-9"], "fields": ["summary"]})

    assert [issue["key"] for issue in answer.json["issues"]] == [key]
    assert answer.json["issueErrors"][0]["id"] == "OPS-9"
    assert datacenter.ask("POST", "issue/bulkfetch", {"issueIdsOrKeys": [key]}).status_code in {404, 405}


def test_version_3_takes_and_gives_documents_and_version_2_wiki_text(cloud, cloud3):
    text = {"type": "text", "text": "Do it", "marks": [{"type": "strong"}]}
    document = {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [text]}]}
    key = cloud3.create(description=document)

    assert cloud3.get(f"issue/{key}")["fields"]["description"] == document
    assert cloud.get(f"issue/{key}")["fields"]["description"] == "*Do it*"


def test_wiki_text_becomes_paragraphs_in_version_3(cloud, cloud3):
    key = cloud.create(description="One\nline\n\nTwo")

    content = cloud3.get(f"issue/{key}")["fields"]["description"]["content"]

    assert [block["type"] for block in content] == ["paragraph", "paragraph"]
    assert [node["type"] for node in content[0]["content"]] == ["text", "hardBreak", "text"]


@pytest.mark.parametrize(
    "wrong",
    [
        "plain text",
        {"type": "doc", "content": []},
        {"type": "doc", "version": 1, "content": [{"type": "text", "text": "bare"}]},
        {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [{"type": "text", "text": ""}]}]},
        {"type": "doc", "version": 1, "content": [{"type": "heading", "content": []}]},
    ],
)
def test_version_3_refuses_what_is_no_document(cloud3, wrong):
    answer = errors(cloud3.refused("POST", "issue", fields(description=wrong)))

    assert answer["description"].startswith("Operation value must be an Atlassian Document")


def test_reset_returns_to_the_seed(cloud):
    cloud.create()

    cloud.http.post("/_sandbox/reset")

    assert cloud.state()["issues"] == []
    assert cloud.create() == "OPS-1"
