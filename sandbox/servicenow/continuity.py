"""The tables on which services and plans stand: the CMDB's classes of services, knowledge, and the optional BCM.

Classes of services: ServiceNow's CSDM white paper (business, technology management and application services, and
offerings, all of which extend cmdb_ci_service). BCM columns and types: read from an instance with the plugins and
published as "Schema ERD: bcm-itsm" (June 2026). None of these tables has a class column, a number or a correlation;
what a plan's states are called inside is inferred from their labels.
"""

from __future__ import annotations

from sandbox.servicenow.columns import ALONE, LONG, SYSTEM, of, ref, text
from sandbox.servicenow.schema import Column, Table

_OBJECTIVES = (
    of("integer", "u_rto", "RTO (minutes)"),
    of("integer", "u_rpo", "RPO (minutes)"),
    of("integer", "u_mtpd", "MTPD (minutes)"),
)


def services(*, plain: bool) -> tuple[Table, ...]:
    """The CMDB's classes of services; plain, without recovery objectives, which do not come with the platform."""
    own = (
        text("busines_criticality", "Business criticality"),
        text("service_classification"),
        of("glide_date", "start_date", "Start date"),
    )
    return (
        Table("cmdb_ci_service", "Service", own + (() if plain else _OBJECTIVES), "cmdb_ci"),
        Table("cmdb_ci_service_business", "Business Service", (), "cmdb_ci_service"),
        Table("cmdb_ci_service_technical", "Technology Management Service", (), "cmdb_ci_service"),
        Table("cmdb_ci_service_auto", "Application Service", (), "cmdb_ci_service"),
        Table(
            "service_offering",
            "Service Offering",
            (ref("parent", "Parent", "cmdb_ci_service"),),
            "cmdb_ci_service",
        ),
    )


def knowledge(*, plain: bool) -> tuple[Table, ...]:
    """Articles and their knowledge bases; plain, without a day of review, which does not come with the platform."""
    own = () if plain else (of("glide_date", "u_review_at", "Review at"),)
    return (
        Table(
            "kb_knowledge_base",
            "Knowledge Base",
            (
                *SYSTEM,
                text("title", "Title", 100),
                ref("owner", "Owner", "sys_user"),
                of("boolean", "active", "Active", "true"),
            ),
            display="title",
        ),
        Table(
            "kb_knowledge",
            "Knowledge",
            (
                *SYSTEM,
                Column("number", "Number", default="javascript:getNextObjNumberPadded();"),
                Column("short_description", "Short description", length=100, mandatory=True),
                Column("text", "Article body", "html", length=65000),
                Column("kb_knowledge_base", "Knowledge base", "reference", "kb_knowledge_base", 32, mandatory=True),
                text("workflow_state", "Workflow", default="draft"),
                of("glide_date", "valid_to", "Valid to", "2100-01-01"),
                ref("author", "Author", "sys_user"),
                of("boolean", "active", "Active", "true"),
                *own,
            ),
            display="number",
            prefix="KB",
        ),
    )


BCM = (
    Table(
        "sn_bcm_timeframe",
        "Recovery Timeframe",
        (*ALONE, text("name", "Name"), of("glide_duration", "starts_at", "Starts at")),
    ),
    Table(
        "sn_bcp_plan",
        "Plan",
        (
            *ALONE,
            Column("name", "Name", length=255, mandatory=True),
            text("description", "Description", LONG),
            text("state", "State", default="draft"),
            text("type", "Type"),
            of("glide_date", "expires", "Expires"),
            of("integer", "tasks_count", "Tasks count", "0", read_only=True),
            ref("plan_owner", "Plan owner", "sys_user"),
            ref("bcm_lead", "BCM lead", "sys_user"),
            ref("department", "Department", "cmn_department"),
            of("journal_input", "comments", "Comments"),
        ),
    ),
    Table(
        "sn_bcp_plan_asset",
        "Plan asset",
        (
            *ALONE,
            text("name", "Name", 255),
            text("item_table", "Item table", 80),
            text("item", "Item"),
            ref("plan", "Plan", "sn_bcp_plan"),
            ref("recovery_time_objective", "RTO", "sn_bcm_timeframe"),
            ref("recovery_point_objective", "RPO", "sn_bcm_timeframe"),
            ref("recovery_time_achievable", "RTA", "sn_bcm_timeframe"),
        ),
    ),
    Table(
        "sn_bcp_recovery_task",
        "Recovery task",
        (
            *ALONE,
            text("short_description", "Short description", 160),
            text("description", "Description", LONG),
            of("integer", "order", "Planned order"),
            of("decimal", "task_id", "Task ID"),
            of("glide_duration", "planned_duration", "Planned duration"),
            ref("plan", "Plan", "sn_bcp_plan"),
            ref("assignment_group", "Assignment group", "sys_user_group"),
            ref("owner", "Owner", "sys_user"),
            ref("configuration_item", "Configuration item", "cmdb_ci"),
            ref("completion_deadline", "Completion deadline", "sn_bcm_timeframe"),
        ),
        display="short_description",
    ),
    Table(
        "sn_bcp_document",
        "Plan documentation",
        (
            *ALONE,
            text("title", "Title", 255),
            Column("contents", "Contents", "html", length=65000),
            of("integer", "order", "Order"),
            ref("plan", "Plan", "sn_bcp_plan"),
        ),
        display="title",
    ),
)

ATTACHMENTS = Table(
    "sys_attachment",
    "Attachment",
    (
        *ALONE,
        text("file_name", "File name", 255),
        text("content_type", "Content type", 255),
        of("integer", "size_bytes", "Size bytes"),
        text("table_name", "Table name", 80),
        text("table_sys_id", "Table sys ID", 40),
        text("download_link", length=1024),
    ),
    display="file_name",
)
