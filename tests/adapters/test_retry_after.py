"""The Retry-After header, in both its forms and in forms that should not be."""

from datetime import UTC, datetime

import pytest

from adapters.retry_after import LONGEST, seconds_to_wait

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("2", 2.0),
        (" 0.5 ", 0.5),
        ("-3", 0.0),
        ("Mon, 02 Mar 2026 09:00:30 GMT", 30.0),
        ("Mon, 02 Mar 2026 09:00:30 -0000", 30.0),
        ("Mon, 02 Mar 2026 08:00:00 GMT", 0.0),
        ("86400", LONGEST),
        ("inf", LONGEST),
        ("1e400", LONGEST),
        ("Tue, 02 Mar 2027 09:00:00 GMT", LONGEST),
        ("nan", None),
        ("soon", None),
        ("Mon, 99 Foo 99999999999 09:00:00 GMT", None),
        ("", None),
        (None, None),
    ],
)
def test_what_it_asks_for_is_told_in_seconds_within_an_hour(header: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(header, NOW) == seconds
