"""Files on records: what is in them, and files that are added.

By the reference of the Attachment API: `GET /api/now/attachment/{sys_id}/file` gives a file as it is,
`POST /api/now/attachment/file` takes one with its name, table and record in the query, and its content type, which is
needed. What is not taken (com.glide.attachment.max_size, glide.attachment.extensions and further properties of the
instance; the rights to sys_attachment and to the record) is answered with an error, whose words go into the outcome. A
file hangs on the table that the upload names: it has to be the record's own class, as its form shows no others.
"""

from __future__ import annotations

from typing import Any

from adapters.body import Body
from adapters.servicenow import query, records, writes
from adapters.servicenow.batch import Inner
from adapters.servicenow.binding import Binding
from adapters.servicenow.rest import FILES, ODD, Failed, Rest
from connector.ticketing import Outcome, Remark, Sink, Write
from mappings.transforms import scalar

_PIECE = 65_536
_MOST = 1000


class Files:
    """The files of one instance. Safe to call from several threads."""

    def __init__(self, rest: Rest, binding: Binding) -> None:
        self._rest = rest
        self._binding = binding
        self._classes: dict[str, str] = {}

    def content(self, file: Remark, into: Sink) -> None:
        """Read a file in pieces. Raises Failed, and what `into` raises."""
        if not records.is_sys_id(file.id):
            raise Failed("refused", "there is no such file")
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        with self._rest.raw("GET", f"{FILES}/{file.id}/file", headers) as answer:
            kind = answer.headers.get("Content-Type", "")
            if kind.startswith("text/html") and not file.content_type.startswith("text/html"):
                raise Failed("unclear", "answered with a page instead of the file: the instance hibernates?")
            for piece in answer.iter_content(_PIECE):
                into.write(piece)

    def attach(self, write: Write) -> Outcome:
        """Add a file to a record; never raises."""
        try:
            table = self._class(write)
        except Failed as error:
            # Nothing was sent yet.
            status = "refused" if error.effect == "refused" else "retry"
            return Outcome(write.key, status, id=write.id, reason=error.reason, retry_after=error.retry_after)  # type: ignore[arg-type]
        except ODD as error:
            return Outcome(write.key, "retry", id=write.id, reason=f"an odd answer: {type(error).__name__}")
        if write.content is None:
            return Outcome(write.key, "refused", id=write.id, reason="there is no content")
        asked = {"table_name": table, "table_sys_id": write.id, "file_name": str(write.values["file"])}
        headers = {"Content-Type": str(write.values["type"]), "Accept": "application/json"}
        body = Body(write.content, int(write.values["size"]))
        try:
            with self._rest.raw("POST", f"{FILES}/file", headers, params=asked, body=body) as answer:
                made: Any = answer.json()["result"]
        except Failed as error:
            return Outcome(write.key, error.effect, id=write.id, reason=error.reason, retry_after=error.retry_after)
        except ODD as error:
            return Outcome(write.key, "unclear", id=write.id, reason=f"an odd answer: {type(error).__name__}")
        return Outcome(write.key, "done", scalar(made.get("sys_id"), ""), write.number)

    def _class(self, write: Write) -> str:
        """Return the table of a record's own class, asked once. Raises Failed."""
        if not records.is_sys_id(write.id):
            raise Failed("refused", f"'{write.id}' is no sys_id, so that there is no ticket to change")
        known = self._classes.get(write.id)
        if known is not None:
            return known
        table = writes.look_table(self._binding.mappings, write)
        address = query.listing(
            table, query.within("sys_id", [write.id]), ("sys_id", "sys_class_name"), display="false", limit=1
        )
        answer = self._rest.batch([Inner("class", "GET", address)], safe=True).get("class")
        if answer is None or not answer.good:
            raise Failed("retry", f"its table could not be asked for: {answer.reason if answer else 'out of time'}")
        if not answer.rows:
            raise Failed("refused", "no such record, or the account may not see it")
        if len(self._classes) >= _MOST:
            self._classes.clear()
        found = scalar(answer.rows[0].get("sys_class_name"), "") or table
        self._classes[write.id] = found
        return found
