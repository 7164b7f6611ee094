"""Comments: text or document, public unless said otherwise, and their properties."""

INTERNAL = [{"key": "sd.public.comment", "value": {"internal": True}}]


def test_a_comment_on_a_service_desk_is_public_unless_the_property_says_internal(cloud):
    key = cloud.create("SD", "Incident")

    cloud.ask("POST", f"issue/{key}/comment", {"body": "hello customer"})
    answer = cloud.ask("POST", f"issue/{key}/comment", {"body": "ours", "properties": INTERNAL})

    assert answer.status_code == 201
    shown = cloud.get(f"issue/{key}/comment", expand="properties")["comments"]
    assert [(c["body"], c["jsdPublic"]) for c in shown] == [("hello customer", True), ("ours", False)]
    assert shown[1]["properties"] == INTERNAL
    assert [c["public"] for c in cloud.state()["issues"][0]["comments"]] == [True, False]


def test_outside_a_service_desk_every_comment_counts_as_public(cloud):
    key = cloud.create("OPS")

    answer = cloud.ask("POST", f"issue/{key}/comment", {"body": "x", "properties": INTERNAL})

    assert answer.json["jsdPublic"] is True


def test_a_comment_moves_updated(cloud):
    key = cloud.create()
    before = cloud.get(f"issue/{key}")["fields"]["updated"]

    cloud.ask("POST", f"issue/{key}/comment", {"body": "x"})

    assert cloud.get(f"issue/{key}")["fields"]["updated"] > before


def test_an_edited_comment_keeps_its_id_author_and_properties(cloud):
    key = cloud.create("SD", "Incident")
    made = cloud.ask("POST", f"issue/{key}/comment", {"body": "one", "properties": INTERNAL}).json

    edited = cloud.ask("PUT", f"issue/{key}/comment/{made['id']}", {"body": "two"})

    assert edited.status_code == 200
    assert (edited.json["id"], edited.json["body"], edited.json["jsdPublic"]) == (made["id"], "two", False)
    assert edited.json["created"] == made["created"]


def test_an_empty_comment_is_refused(cloud, cloud3):
    key = cloud.create()

    answer = cloud.refused("POST", f"issue/{key}/comment", {"body": ""})
    assert answer["errors"] == {"comment": "Comment body can not be empty!"}
    answer = cloud3.refused("POST", f"issue/{key}/comment", {"body": "wiki text"})
    assert answer["errors"] == {"comment": "Comment body is not valid!"}
    cloud.refused("PUT", f"issue/{key}/comment/1", {"body": "x"}, status=404)


def test_comments_are_paged(cloud):
    key = cloud.create()
    for number in range(3):
        cloud.ask("POST", f"issue/{key}/comment", {"body": str(number)})

    page = cloud.get(f"issue/{key}/comment", startAt=1, maxResults=1)

    assert (page["total"], [c["body"] for c in page["comments"]]) == (3, ["1"])
    newest = cloud.get(f"issue/{key}/comment", orderBy="-created")["comments"]
    assert [c["body"] for c in newest] == ["2", "1", "0"]
