"""Who may send: Standard Webhooks, X-Hub-Signature and the static secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from webhooks.signature import Scheme, Unsigned, fault, verify

NOW = datetime(2026, 3, 2, 9, 10, 30, tzinfo=UTC)
BODY = '{"table": "incident", "text": "Zürich"}'.encode()
NEW = "whsec_" + base64.b64encode(b"the present secret, thirty bytes").decode()
OLD = "whsec_" + base64.b64encode(b"the previous secret, also long..").decode()
TOLERANCE = timedelta(minutes=5)


def standard_headers(secret: str = NEW, at: datetime = NOW, body: bytes = BODY, key: str = "msg_1") -> dict[str, str]:
    return {
        "webhook-id": key,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(key, at, body.decode()),
    }


def hub_headers(secret: str, body: bytes = BODY) -> dict[str, str]:
    return {"X-Hub-Signature": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def refusal(scheme: Scheme, headers: dict[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (NEW, OLD)) -> str:
    with pytest.raises(Unsigned) as caught:
        verify(scheme, secrets, headers, body, NOW, tolerance=TOLERANCE)
    for secret in secrets:
        assert not secret or secret not in caught.value.reason
    return caught.value.reason


@pytest.mark.parametrize("secret", [NEW, OLD])
def test_both_the_present_and_the_previous_secret_are_good(secret):
    verify("standard", (NEW, OLD), standard_headers(secret), BODY, NOW, tolerance=TOLERANCE)
    verify("hub", (NEW, OLD), hub_headers(secret), BODY, NOW)
    verify("static", (NEW, OLD), {"x-continuity-secret": secret}, BODY, NOW)


def test_a_secret_that_was_taken_away_is_good_no_more():
    assert "does not match" in refusal("standard", standard_headers(OLD), secrets=(NEW,))
    assert "does not match" in refusal("hub", hub_headers(OLD), secrets=(NEW,))
    assert "does not match" in refusal("static", {"X-Continuity-Secret": OLD}, secrets=(NEW,))


def test_the_specifications_own_form_is_computed_from_id_timestamp_and_body():
    stamp = int(NOW.timestamp())
    key = base64.b64decode(NEW.removeprefix("whsec_"))
    mac = hmac.new(key, b"msg_1.%d." % stamp + BODY, hashlib.sha256).digest()
    headers = {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": str(stamp),
        "Webhook-Signature": "v1," + base64.b64encode(mac).decode(),
    }
    verify("standard", (NEW,), headers, BODY, NOW, tolerance=TOLERANCE)


@pytest.mark.parametrize("key", [b"a plain text secret", base64.b64decode(b"YSBwbGFpbiB0ZXh0IHNlY3JldA==")])
def test_a_secret_without_prefix_is_good_as_text(key):
    mac = hmac.new(key, b"m.%d." % int(NOW.timestamp()) + BODY, hashlib.sha256).digest()
    headers = {**standard_headers(key="m"), "webhook-signature": "v1," + base64.b64encode(mac).decode()}
    verify("standard", ("a plain text secret",), headers, BODY, NOW, tolerance=TOLERANCE)


def test_a_secret_without_prefix_is_good_as_base64():
    bare = NEW.removeprefix("whsec_")
    verify("standard", (bare,), standard_headers(NEW), BODY, NOW, tolerance=TOLERANCE)


def test_one_good_signature_among_several_is_enough():
    headers = standard_headers()
    headers["webhook-signature"] = f"v1a,abc v1,AAAA nonsense {headers['webhook-signature']}"
    verify("standard", (NEW,), headers, BODY, NOW, tolerance=TOLERANCE)


@pytest.mark.parametrize("part", ["body", "webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_change_of_any_signed_part_is_seen(part):
    headers, body = standard_headers(), BODY
    if part == "body":
        body = BODY.replace(b"incident", b"problem")
    elif part == "webhook-timestamp":
        headers[part] = str(int(headers[part]) + 1)
    elif part == "webhook-id":
        headers[part] = "msg_2"
    else:
        headers[part] = headers[part][:3] + ("B" if headers[part][3] == "A" else "A") + headers[part][4:]
    assert "does not match" in refusal("standard", headers, body)


def test_a_changed_body_is_seen_under_x_hub_signature():
    assert "does not match" in refusal("hub", hub_headers(NEW), BODY + b" ")


@pytest.mark.parametrize("offset", [-TOLERANCE, timedelta(), TOLERANCE])
def test_a_timestamp_within_the_tolerance_is_good(offset):
    verify("standard", (NEW,), standard_headers(at=NOW + offset), BODY, NOW, tolerance=TOLERANCE)


@pytest.mark.parametrize(("seconds", "side"), [(-301, "301 s before"), (301, "301 s after")])
def test_a_timestamp_outside_the_tolerance_is_refused_with_the_difference(seconds, side):
    reason = refusal("standard", standard_headers(at=NOW + timedelta(seconds=seconds)))
    assert side in reason
    assert "300 s allowed" in reason


@pytest.mark.parametrize("stamp", ["", "soon", "-1", "1.5", "1e9", "٣", "9" * 12, "nan", "0x10"])
def test_an_odd_timestamp_is_refused(stamp):
    assert "webhook-timestamp" in refusal("standard", {**standard_headers(), "webhook-timestamp": stamp})


@pytest.mark.parametrize(
    ("scheme", "headers", "named"),
    [
        ("standard", {}, "webhook-id"),
        ("hub", {}, "X-Hub-Signature"),
        ("static", {}, "X-Continuity-Secret"),
        ("hub", {"X-Hub-Signature": "sha1=" + "0" * 40}, "sha256"),
        ("hub", {"X-Hub-Signature": "0" * 64}, "sha256"),
        ("hub", {"X-Hub-Signature": f"sha256={'0' * 64}, sha256={'1' * 64}"}, "sha256"),
        ("standard", {**standard_headers(), "webhook-signature": "v1a,AAAA"}, "v1"),
        ("static", {"X-Continuity-Secret": "x" * 5000}, "longer than"),
    ],
)
def test_a_missing_or_odd_header_is_named(scheme, headers, named):
    assert named in refusal(scheme, headers)


def test_hub_signatures_in_capitals_are_good():
    headers = {"X-Hub-Signature": hub_headers(NEW)["X-Hub-Signature"].upper().replace("SHA256", "sha256")}
    verify("hub", (NEW,), headers, BODY, NOW)


def test_the_static_secret_may_come_in_another_header_and_need_not_be_ascii():
    as_wsgi_shows_it = "pässwörd, and long".encode().decode("latin-1")
    verify("static", ("pässwörd, and long",), {"X-Our-Key": as_wsgi_shows_it}, BODY, NOW, header="X-Our-Key")


@pytest.mark.parametrize("scheme", ["standard", "hub", "static"])
@pytest.mark.parametrize("secrets", [(), ("",), ("  ",)])
def test_without_a_usable_secret_nothing_is_good(scheme, secrets):
    headers = {**standard_headers(), **hub_headers(""), "X-Continuity-Secret": ""}
    assert "no usable secret" in refusal(scheme, headers, secrets=secrets)


def test_a_secret_that_is_no_base64_after_its_prefix_is_a_fault_of_the_settings():
    assert "base64" in fault("standard", "whsec_not base64!")
    assert fault("hub", "whsec_not base64!") == ""  # 17 bytes of plain text
    assert fault("standard", NEW) == ""


@pytest.mark.parametrize(
    ("scheme", "secret", "short"),
    [
        ("hub", "fifteen letters", True),
        ("hub", "sixteen letters.", False),
        ("static", "s", True),
        ("standard", "whsec_" + base64.b64encode(b"fifteen letters").decode(), True),
        ("standard", "whsec_" + base64.b64encode(b"sixteen letters.").decode(), False),
        ("standard", "fifteen letters", True),
    ],
)
def test_a_secret_that_can_be_guessed_is_a_fault_of_the_settings(scheme, secret, short):
    told = "the secret is shorter than 16 bytes, so that it can be guessed; make one of 32 random bytes"
    assert fault(scheme, secret) == (told if short else "")


@settings(max_examples=150, deadline=None)
@given(
    scheme=st.sampled_from(["standard", "hub", "static"]),
    values=st.lists(st.text(max_size=80), min_size=5, max_size=5),
    keep_time=st.booleans(),
    body=st.binary(max_size=80),
)
def test_no_headers_and_no_body_do_anything_but_fail(scheme, values, keep_time, body):
    names = ("webhook-id", "webhook-timestamp", "webhook-signature", "X-Hub-Signature", "X-Continuity-Secret")
    headers = dict(zip(names, values, strict=True))
    if keep_time:
        headers["webhook-timestamp"] = str(int(NOW.timestamp()))
        headers["webhook-signature"] = "v1," + headers["webhook-signature"]
    with pytest.raises(Unsigned):
        verify(scheme, (NEW, OLD), headers, body, NOW, tolerance=TOLERANCE)
