"""Transitions: only those of the present status, with their screens and what they do to the resolution."""

import pytest


def names(jira, key):
    return {way["name"]: way["to"]["name"] for way in jira.get(f"issue/{key}/transitions")["transitions"]}


def status(jira, key):
    return jira.get(f"issue/{key}")["fields"]["status"]["name"]


def test_the_software_workflow_goes_there_and_back(cloud):
    key = cloud.create()

    assert names(cloud, key) == {"Start work": "In Progress", "Finish": "Done"}
    assert cloud.move(key, "21").status_code == 204
    assert names(cloud, key) == {"Stop work": "To Do", "Finish": "Done"}
    cloud.move(key, "31")
    assert names(cloud, key) == {"Reopen": "To Do"}
    cloud.move(key, "41")
    assert status(cloud, key) == "To Do"


def test_done_sets_the_resolution_and_reopening_clears_it(cloud):
    key = cloud.create()

    cloud.move(key, "31")
    done = cloud.get(f"issue/{key}")["fields"]
    cloud.move(key, "41")
    reopened = cloud.get(f"issue/{key}")["fields"]

    assert (done["resolution"]["name"], done["resolutiondate"]) == ("Done", done["updated"])
    assert (reopened["resolution"], reopened["resolutiondate"]) == (None, None)


def test_the_service_desk_workflow_waits_resolves_and_closes(cloud):
    key = cloud.create("SD", "Incident")

    assert names(cloud, key) == {"Start work": "In Progress", "Resolve": "Resolved", "Cancel": "Canceled"}
    cloud.move(key, "11")
    cloud.move(key, "21")
    assert names(cloud, key) == {"Resume": "In Progress", "Resolve": "Resolved"}
    cloud.move(key, "761", fields={"resolution": {"name": "Done"}})
    assert names(cloud, key) == {"Close": "Closed", "Reopen": "Open"}
    cloud.move(key, "771")
    assert (status(cloud, key), names(cloud, key)) == ("Closed", {})


def test_resolving_asks_for_a_resolution(cloud):
    key = cloud.create("SD", "Incident")

    answer = cloud.move(key, "761")

    assert answer.status_code == 400
    assert answer.json == {"errorMessages": [], "errors": {"resolution": "Resolution is required."}}
    assert status(cloud, key) == "Open"
    answer = cloud.move(key, "761", fields={"resolution": {"name": "Mended"}})
    assert answer.json["errors"] == {"resolution": "Resolution name 'Mended' is not valid"}


def test_the_screen_shows_what_it_asks_for(cloud):
    key = cloud.create("SD", "Incident")

    ways = cloud.get(f"issue/{key}/transitions", expand="transitions.fields")["transitions"]

    screens = {way["name"]: way["fields"] for way in ways}
    assert screens["Start work"] == {}
    assert screens["Resolve"]["resolution"]["required"] is True
    assert "Done" in [value["name"] for value in screens["Resolve"]["resolution"]["allowedValues"]]
    assert "fields" not in cloud.get(f"issue/{key}/transitions")["transitions"][0]


def test_a_field_that_is_not_on_the_screen_is_refused(cloud):
    key = cloud.create()

    answer = cloud.move(key, "31", fields={"resolution": {"name": "Done"}})

    assert answer.status_code == 400
    assert "not on the appropriate screen" in answer.json["errors"]["resolution"]


@pytest.mark.parametrize("transition", ["41", "999", ""])
def test_a_transition_that_does_not_start_here_is_refused(cloud, transition):
    key = cloud.create()

    assert cloud.move(key, transition).status_code == 400
    assert status(cloud, key) == "To Do"


def test_a_transition_can_carry_a_comment(cloud):
    key = cloud.create()

    cloud.move(key, "31", update={"comment": [{"add": {"body": "Restored"}}]})

    assert cloud.get(f"issue/{key}/comment")["comments"][0]["body"] == "Restored"
