"""How a header is found, and what a delivery's key is made of."""

from __future__ import annotations

import hashlib

import pytest

from webhooks.headers import delivery_key, header


def test_headers_are_found_in_any_case_and_without_blanks():
    assert header({"WEBHOOK-ID": " msg_1 "}, "webhook-id") == "msg_1"
    assert header({"webhook-id": "msg_1"}, "other") == ""


def test_the_senders_own_id_is_the_key():
    assert delivery_key({"Webhook-Id": "msg_1"}, "webhook-id", b"{}") == "msg_1"


@pytest.mark.parametrize("odd", ["", "x" * 201, "with blank", "\u00fc", "a\x00b", "sha256:abc"])
def test_without_a_usable_id_the_key_is_a_digest_of_the_body(odd):
    expected = "sha256:" + hashlib.sha256(b'{"a": 1}').hexdigest()
    assert delivery_key({"webhook-id": odd}, "webhook-id", b'{"a": 1}') == expected
