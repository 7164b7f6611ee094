"""The Attachment API: files on records, uploaded as they are and read back."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, request

from sandbox.servicenow import refusal
from sandbox.servicenow.instance import Instance
from sandbox.servicenow.rendering import View, render
from sandbox.servicenow.table_api import answer, sign_in


def blueprint(instance: Instance) -> Blueprint:
    """`POST .../attachment/file?table_name&table_sys_id&file_name`, `GET .../attachment/{sys_id}/file`."""
    pages = Blueprint("servicenow_attachments", __name__)

    @pages.post("/api/now/attachment/file")
    def upload() -> Response:
        caller = sign_in(instance)
        table, sys_id = request.args.get("table_name", ""), request.args.get("table_sys_id", "")
        with instance.store.lock:
            record = instance.store.get(table, sys_id) if table in instance.store.schema.tables else None
            if record is None or not instance.sees(caller, record):
                raise refusal.not_found()
            made = uuid.uuid4().hex
            link = f"{request.host_url}api/now/attachment/{made}/file"
            instance.files[made] = request.get_data()
            facts = {"table_name": table, "table_sys_id": sys_id, "file_name": request.args.get("file_name", "")}
            facts |= {"size_bytes": str(len(instance.files[made])), "download_link": link}
            kept = instance.desk.attach(made, facts | {"content_type": request.content_type or ""}, caller)
            return answer(render(instance.store, "sys_attachment", kept, View(request.host_url.rstrip("/"))), 201)

    @pages.get("/api/now/attachment/<sys_id>/file")
    def download(sys_id: str) -> Response:
        caller = sign_in(instance)
        with instance.store.lock:
            kept = instance.store.get("sys_attachment", sys_id)
            if kept is None or not instance.sees(caller, kept):
                raise refusal.not_found()
            return Response(instance.files[sys_id], content_type=kept["content_type"])

    return pages
