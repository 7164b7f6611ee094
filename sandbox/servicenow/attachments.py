"""The Attachment API: files on records, uploaded as they are and read back.

D (Attachment API reference): `table_name`, `table_sys_id`, `file_name` and a content type are needed, 400 without;
404 for a record that is not there or hidden; 201 with `Location`; sizes and types by com.glide.attachment.max_size and
glide.attachment.extensions; the caller needs the rights to sys_attachment and to write the record. I: the status and
words of a refused type or size. A file hangs on the table that the upload names.
"""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, request

from sandbox.servicenow import refusal
from sandbox.servicenow.accounts import Account
from sandbox.servicenow.instance import Instance
from sandbox.servicenow.rendering import View, render
from sandbox.servicenow.table_api import answer, sign_in

_NEEDED = ("table_name", "table_sys_id", "file_name")


def blueprint(instance: Instance) -> Blueprint:
    """`POST .../attachment/file?table_name&table_sys_id&file_name`, `GET .../attachment/{sys_id}/file`."""
    pages = Blueprint("servicenow_attachments", __name__)

    @pages.post("/api/now/attachment/file")
    def upload() -> Response:
        caller = sign_in(instance)
        given = {name: request.args.get(name, "") for name in _NEEDED}
        missing = [name for name, value in given.items() if not value]
        if missing or not request.content_type:
            raise refusal.Refused(400, "Invalid parameters", f"missing: {', '.join(missing) or 'Content-Type'}")
        table, sys_id = given["table_name"], given["table_sys_id"]
        with instance.store.lock:
            record = instance.store.get(table, sys_id) if table in instance.store.schema.tables else None
            if record is None or not instance.sees(caller, record):
                raise refusal.not_found()
            if not _may(instance, caller, "write"):
                raise refusal.forbidden("Insert")
            content = request.get_data()
            _check(instance, given["file_name"], len(content))
            made = uuid.uuid4().hex
            link = f"{request.host_url}api/now/attachment/{made}/file"
            instance.files[made] = content
            facts = {**given, "size_bytes": str(len(content)), "download_link": link}
            kept = instance.desk.attach(made, facts | {"content_type": request.content_type}, caller)
            shown = render(instance.store, "sys_attachment", kept, View(request.host_url.rstrip("/")))
            return answer(shown, 201, {"Location": link.removesuffix("/file")})

    @pages.get("/api/now/attachment/<sys_id>/file")
    def download(sys_id: str) -> Response:
        caller = sign_in(instance)
        with instance.store.lock:
            kept = instance.store.get("sys_attachment", sys_id)
            if kept is None or not instance.sees(caller, kept):
                raise refusal.not_found()
            return Response(instance.files[sys_id], content_type=kept["content_type"])

    return pages


def _check(instance: Instance, name: str, size: int) -> None:
    taken = instance.options.attachment_extensions
    if taken and name.rpartition(".")[2].lower() not in taken:
        raise refusal.Refused(403, "Operation Failed", f"The file type of {name} is not allowed")
    if size > instance.options.attachment_max_size:
        raise refusal.Refused(413, "Operation Failed", "The file exceeds the maximum attachment size")


def _may(instance: Instance, caller: Account, right: str) -> bool:
    return caller.admin or right in instance.options.attachment_rights
