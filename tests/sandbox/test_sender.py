"""The webhook sender: late, doubled, shuffled and lost on demand, and never a second try."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sandbox.webhooks import Behaviour, Message, Sender, Target


@pytest.fixture
def ear():
    heard = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            heard.append((body, self.headers["x-id"]))
            self.send_response(500 if body == "refused" else 202)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    server.heard = heard
    yield server
    server.shutdown()
    server.server_close()


def sender_to(server, **behaviour):
    target = Target(f"http://127.0.0.1:{server.server_port}/hook")
    sender = Sender(lambda _, message: {"x-id": message.id}, (target,))
    sender.behave(Behaviour(**behaviour))
    return sender


def tell(sender, *bodies):
    for body in bodies:
        sender.send(Message("incident.update", "INC1", body.encode()))
    assert sender.flush(10)


def test_messages_arrive_once_and_in_order_with_ids_of_their_own(ear):
    tell(sender_to(ear), *"abcdefgh")

    assert [body for body, _ in ear.heard] == list("abcdefgh")
    assert len({key for _, key in ear.heard}) == 8


def test_jitter_delays_without_changing_the_order(ear):
    tell(sender_to(ear, jitter=0.05, seed=3), *"abcdefgh")

    assert [body for body, _ in ear.heard] == list("abcdefgh")


def test_a_delay_holds_the_message_back(ear):
    started = time.monotonic()
    tell(sender_to(ear, delay=0.2), "a")

    assert time.monotonic() - started >= 0.2


def test_shuffled_messages_all_arrive_in_another_order(ear):
    tell(sender_to(ear, shuffle=True, seed=1), *"abcdefgh")

    bodies = [body for body, _ in ear.heard]
    assert sorted(bodies) == list("abcdefgh")
    assert bodies != list("abcdefgh")


def test_a_doubled_message_arrives_twice_under_the_same_id(ear):
    tell(sender_to(ear, double=1.0), "a")

    assert [body for body, _ in ear.heard] == ["a", "a"]
    assert len({key for _, key in ear.heard}) == 1


def test_a_lost_message_never_arrives_but_is_in_the_log(ear):
    sender = sender_to(ear, lose=1.0)
    tell(sender, "a")

    assert ear.heard == []
    assert [(row["status"], row["error"]) for row in sender.report()["sent"]] == [(None, "lost on purpose")]


def test_a_refused_message_is_not_sent_again(ear):
    sender = sender_to(ear)
    tell(sender, "refused", "b")

    assert [body for body, _ in ear.heard] == ["refused", "b"]
    assert [row["status"] for row in sender.report()["sent"]] == [500, 202]


def test_a_message_to_nobody_listening_is_logged_as_failed_and_lost(ear):
    sender = Sender(lambda target, message: {}, (Target("http://127.0.0.1:9/hook", "secret"),))
    tell(sender, "a")

    (row,) = sender.report()["sent"]
    assert row["status"] is None
    assert "Connection" in row["error"]
    assert "secret" not in str(sender.report())


def test_a_signature_that_cannot_be_made_is_logged(ear):
    def sign(target, message):
        raise ValueError("bad secret")

    sender = Sender(sign, (Target("http://127.0.0.1:9/hook"),))
    tell(sender, "a")

    assert sender.report()["sent"][0]["error"] == "ValueError: bad secret"


def test_new_targets_replace_the_old_ones_and_forget_what_was_queued(ear):
    sender = sender_to(ear, delay=5)
    sender.send(Message("e", "r", b"late"))
    sender.aim(())

    assert not sender.aimed
    assert sender.flush(1)
    assert ear.heard == []
