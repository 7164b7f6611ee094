"""The read-only page behind the signed, expiring address on a ticket: `/t/<connection>/<ticket>`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, make_response, render_template, request

from connector.console.document_style import Style
from connector.console.lookup import find
from connector.console.ticket_page import ACTIVATION_STATES, ticket_page
from connector.flows.parts import RecordsInForce
from connector.moment import instant, span
from connector.page_link import PageLinks
from connector.store.database import Database

EXPIRED = (
    "The address is incomplete, was changed, or has expired.",
    "Open the ticket again and follow the continuity link there: it carries a fresh address.",
)
UNKNOWN = (
    "Nothing is known of this ticket here. It may have been deleted or may have moved to another project.",
    "Open the ticket again and follow the continuity link there.",
)


def blueprint(
    database: Database, links: PageLinks, now: Callable[[], datetime], records: RecordsInForce | None = None
) -> Blueprint:
    """Return `GET /t/<connection>/<ticket>?e=<expiry>&s=<signature>`.

    The connection `activation` with a ticket such as `ACT-3` is an activation without an incident. 403 for an address
    that is not ours or has expired (before anything is looked up), 404 for a ticket that is not known.
    """
    pages = Blueprint("pages", __name__, template_folder="templates")
    in_force = records or RecordsInForce()
    style = Style.read()

    @pages.get("/t/<connection>/<ticket>")
    def show(connection: str, ticket: str) -> Response:
        expiry, signature = request.args.get("e", ""), request.args.get("s", "")
        read_at = now()
        if not links.accepts(connection, ticket, expiry, signature, read_at):
            return _refusal(style, HTTPStatus.FORBIDDEN, "This link does not work any more", EXPIRED)
        # Read without a transaction of our own: on SQLite that would take the write lock.
        with database.engine.connect() as tx:
            found = find(tx, connection, ticket)
            catalog = in_force.read(tx)
        if found is None:
            return _refusal(style, HTTPStatus.NOT_FOUND, "Unknown ticket", UNKNOWN)
        path = f"/t/{quote(connection, safe='')}/{quote(ticket, safe='')}"
        address = f"{links.public_url}{path}?{urlencode({'e': expiry, 's': signature})}"
        page = ticket_page(found, catalog, address, read_at)
        text = render_template(
            "ticket_page.html",
            page=page,
            style=style.text,
            instant=instant,
            span=span,
            dial=dial,
            activation_states=ACTIVATION_STATES,
        )
        return style.protect(make_response(text))

    return pages


def dial(number: str) -> str:
    """Return what a telephone dials: digits and a leading plus (RFC 3966), without what people write between them."""
    digits = "".join(char for char in number.replace("(0)", "") if char.isascii() and char.isdigit())
    return ("+" if number.strip().startswith("+") else "") + digits


def _refusal(style: Style, status: HTTPStatus, heading: str, lines: tuple[str, ...]) -> Response:
    text = render_template("link_refused.html", heading=heading, lines=lines, style=style.text)
    return style.protect(make_response(text, status))
