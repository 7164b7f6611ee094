"""Remote links by globalId, issue links and issue properties."""

import pytest

LINK = {"globalId": "plan=1", "relationship": "covered by", "object": {"url": "http://plan", "title": "Plan"}}


def put(jira, key, **more):
    return jira.ask("POST", f"issue/{key}/remotelink", LINK | more)


def test_the_same_global_id_updates_the_link_on_cloud_201_then_200(cloud):
    key = cloud.create()

    first, second = put(cloud, key), put(cloud, key)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json["id"] == second.json["id"]
    assert len(cloud.get(f"issue/{key}/remotelink")) == 1


def test_data_center_answers_200_for_both(datacenter):
    key = datacenter.create()

    assert [put(datacenter, key).status_code for _ in range(2)] == [200, 200]


def test_what_an_update_leaves_out_becomes_null(cloud):
    key = cloud.create()
    put(cloud, key, object={**LINK["object"], "summary": "RTO 4 h", "status": {"resolved": True}})

    cloud.ask("POST", f"issue/{key}/remotelink", {"globalId": "plan=1", "object": LINK["object"]})

    link = cloud.get(f"issue/{key}/remotelink", globalId="plan=1")
    assert link["object"]["summary"] is None
    assert "resolved" not in link["object"]["status"]
    assert "relationship" not in link


def test_a_global_id_has_255_characters_at_most(cloud):
    key = cloud.create()

    assert put(cloud, key, globalId="x" * 255).status_code == 201
    answer = put(cloud, key, globalId="x" * 256)
    assert (answer.status_code, list(answer.json["errors"])) == (400, ["globalId"])


def test_url_and_title_are_required(cloud):
    key = cloud.create()

    answer = cloud.refused("POST", f"issue/{key}/remotelink", {"globalId": "a", "object": {}})

    assert answer["errors"] == {"url": "'url' is required.", "title": "'title' is required."}


def test_a_remote_link_is_deleted_by_id_or_global_id(cloud):
    key = cloud.create()
    made = put(cloud, key).json["id"]
    put(cloud, key, globalId="plan=2")

    assert cloud.ask("DELETE", f"issue/{key}/remotelink/{made}").status_code == 204
    assert cloud.ask("DELETE", f"issue/{key}/remotelink", globalId="plan=2").status_code == 204
    assert cloud.get(f"issue/{key}/remotelink") == []
    cloud.refused("GET", f"issue/{key}/remotelink", status=404, globalId="plan=2")


def test_a_remote_link_stands_in_the_history_and_an_unchanged_one_does_not(cloud):
    key = cloud.create()
    put(cloud, key)
    put(cloud, key)

    (change,) = cloud.get(f"issue/{key}", expand="changelog")["changelog"]["histories"]

    assert change["items"][0]["field"] == "RemoteIssueLink"
    assert "fieldId" not in change["items"][0]


def test_an_issue_link_is_seen_from_both_ends_and_made_once(cloud):
    one, two = cloud.create(), cloud.create()
    body = {"type": {"name": "Blocks"}, "inwardIssue": {"key": one}, "outwardIssue": {"key": two}}

    assert [cloud.ask("POST", "issueLink", body).status_code for _ in range(2)] == [201, 201]

    (link,) = cloud.get(f"issue/{one}")["fields"]["issuelinks"]
    assert (link["type"]["outward"], link["outwardIssue"]["key"]) == ("blocks", two)
    assert cloud.state()["links"] == [{"id": link["id"], "type": "Blocks", "source": one, "destination": two}]
    cloud.refused("POST", "issueLink", body | {"type": {"name": "Loves"}}, status=404)
    cloud.refused("POST", "issueLink", body | {"inwardIssue": {"key": "OPS-9"}}, status=404)
    cloud.refused("POST", "issueLink", body | {"comment": {"body": ""}})


def test_a_property_is_put_read_and_does_not_move_updated(cloud):
    key = cloud.create()
    before = cloud.get(f"issue/{key}")["fields"]["updated"]
    address = f"issue/{key}/properties/continuity"

    assert cloud.ask("PUT", address, {"activation": "a1"}).status_code == 201
    assert cloud.ask("PUT", address, {"activation": "a2"}).status_code == 200

    assert cloud.get(address) == {"key": "continuity", "value": {"activation": "a2"}}
    assert [row["key"] for row in cloud.get(f"issue/{key}/properties")["keys"]] == ["continuity"]
    assert cloud.get(f"issue/{key}")["fields"]["updated"] == before
    assert cloud.get(f"issue/{key}", properties="continuity")["properties"] == {"continuity": {"activation": "a2"}}
    assert cloud.ask("DELETE", address).status_code == 204
    cloud.refused("GET", address, status=404)


@pytest.mark.parametrize(("length", "status"), [(32_766, 201), (32_767, 400)])
def test_a_property_has_32768_characters_at_most(cloud, length, status):
    key = cloud.create()

    # The quotes of a JSON string count.
    assert cloud.ask("PUT", f"issue/{key}/properties/p", "x" * length).status_code == status


def test_properties_can_come_with_the_create(cloud):
    sent = {
        "fields": {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "x"},
        "properties": [{"key": "continuity", "value": {"n": 1}}],
    }
    cloud.ask("POST", "issue", sent)

    assert cloud.get("issue/OPS-1/properties/continuity")["value"] == {"n": 1}
