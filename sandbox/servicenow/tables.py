"""The tables of the simulated instance, column by column."""

from __future__ import annotations

from sandbox.servicenow import choices, continuity
from sandbox.servicenow.columns import LONG, SHORT, SYSTEM, of, ref, text
from sandbox.servicenow.options import Options
from sandbox.servicenow.schema import Column, Schema, Table


def instance(options: Options) -> Schema:
    """The schema with or without Major Incident Management and BCM, and without any `u_` column when plain."""
    mim, plain = options.mim, options.plain
    incident: tuple[Column, ...] = _INCIDENT
    if mim and not plain:
        incident += _MAJOR
    if not plain:
        incident += _CONTINUITY
    desk = (
        Table("task", "Task", SYSTEM + _TASK, display="number", prefix="TASK"),
        Table("incident", "Incident", incident, "task", "number", "INC"),
        Table("incident_task", "Incident Task", (ref("incident", "Incident", "incident"),), "task", "number", "INCTSK"),
        Table("problem", "Problem", _PROBLEM, "task", "number", "PRB", {"state": {"default": "101"}}),
        Table(
            "problem_task",
            "Problem Task",
            (ref("problem", "Problem", "problem"),),
            "task",
            "number",
            "PTASK",
            {"state": {"default": "151"}},
        ),
    )
    kept = (
        continuity.services(plain=plain) + continuity.knowledge(plain=plain) + (continuity.BCM if options.bcm else ())
    )
    tables = desk + _CMDB + kept + _PEOPLE + _PLATFORM
    names = {table.name for table in tables}
    return Schema(tables, {place: labels for place, labels in choices.CHOICES.items() if place[0] in names})


_TASK = (
    Column("sys_domain", "Domain", "reference", "sys_user_group", 32, "global", read_only=True),
    Column("sys_domain_path", "Domain Path", default="/", read_only=True),
    Column("number", "Number", length=SHORT, default="javascript:getNextObjNumberPadded();", mandatory=True),
    text("short_description", "Short description", 160),
    text("description", "Description", LONG),
    of("integer", "state", "State", "1"),
    of("boolean", "active", "Active", "true"),
    of("integer", "impact", "Impact", "3"),
    of("integer", "urgency", "Urgency", "3"),
    of("integer", "priority", "Priority", "4"),
    ref("parent", "Parent", "task"),
    ref("assignment_group", "Assignment group", "sys_user_group"),
    ref("assigned_to", "Assigned to", "sys_user"),
    ref("opened_by", "Opened by", "sys_user"),
    ref("closed_by", "Closed by", "sys_user"),
    ref("cmdb_ci", "Configuration item", "cmdb_ci"),
    ref("business_service", "Service", "cmdb_ci_service"),
    ref("company", "Company", "core_company"),
    ref("location", "Location", "cmn_location"),
    ref("delivery_plan", "Delivery plan", "sc_cat_item_delivery_plan"),
    ref("delivery_task", "Delivery task", "sc_cat_item_delivery_task"),
    of("glide_date_time", "opened_at", "Opened"),
    of("glide_date_time", "closed_at", "Closed"),
    of("glide_date_time", "due_date", "Due date"),
    of("glide_date_time", "sla_due", "SLA due"),
    of("glide_date_time", "activity_due"),
    of("glide_date_time", "expected_start"),
    of("glide_date_time", "follow_up"),
    of("glide_date_time", "work_start", "Actual start"),
    of("glide_date_time", "work_end", "Actual end"),
    of("glide_date_time", "approval_set"),
    of("integer", "order", "Order"),
    of("integer", "escalation", "Escalation", "0"),
    of("integer", "reassignment_count", "Reassignment count", "0", read_only=True),
    of("boolean", "made_sla", "Made SLA", "true"),
    of("boolean", "knowledge", "Knowledge", "false"),
    text("approval", "Approval", default="not requested"),
    text("upon_approval", default="proceed"),
    text("upon_reject", default="cancel"),
    text("approval_history"),
    text("contact_type"),
    text("correlation_id", "Correlation ID", 100),
    text("correlation_display", "Correlation display", 100),
    text("close_notes", "Close notes", LONG),
    text("user_input", length=LONG),
    text("time_worked"),
    of("glide_duration", "business_duration", "Business duration"),
    of("glide_duration", "calendar_duration", "Duration"),
    Column("watch_list", "Watch list", "glide_list", "sys_user", LONG),
    Column("work_notes_list", "Work notes list", "glide_list", "sys_user", LONG),
    Column("group_list", "Group list", "glide_list", "sys_user_group", LONG),
    Column("additional_assignee_list", "Additional assignee list", "glide_list", "sys_user", LONG),
    of("journal_input", "work_notes", "Work notes"),
    of("journal_input", "comments", "Additional comments"),
    of("journal_list", "comments_and_work_notes", "Comments and Work notes", read_only=True),
)

_INCIDENT = (
    of("integer", "incident_state", "Incident state", "1"),
    of("integer", "severity", "Severity", "3"),
    of("integer", "notify", "Notify", "1"),
    of("integer", "child_incidents", "Child Incidents", "0", read_only=True),
    of("integer", "reopen_count", "Reopen count", "0", read_only=True),
    ref("caller_id", "Caller", "sys_user"),
    ref("parent_incident", "Parent Incident", "incident"),
    ref("problem_id", "Problem", "problem"),
    ref("rfc", "Change Request", "change_request"),
    ref("caused_by", "Caused by Change", "change_request"),
    ref("resolved_by", "Resolved by", "sys_user"),
    ref("reopened_by", "Last reopened by", "sys_user"),
    of("glide_date_time", "resolved_at", "Resolved"),
    of("glide_date_time", "reopened_time", "Last reopened at"),
    of("integer", "hold_reason", "On hold reason"),
    text("category", default="inquiry"),
    text("subcategory"),
    text("close_code", "Resolution code"),
    text("business_stc"),
    text("calendar_stc"),
)

_MAJOR = (
    text("major_incident_state", "Major incident state"),
    ref("proposed_by", "Proposed by", "sys_user"),
    of("glide_date_time", "proposed_on", "Proposed"),
    ref("promoted_by", "Promoted by", "sys_user"),
    of("glide_date_time", "promoted_on", "Promoted"),
    text("business_impact", "Business impact", LONG),
    text("cause", "Probable cause", LONG),
    text("overview", length=LONG),
    text("actions_taken", length=LONG),
    text("lessons_learned", "Findings", LONG),
    text("timeline", length=LONG),
    ref("trigger_rule", "Trigger Rule", "major_incident_trigger_rule"),
)

_CONTINUITY = (
    text("u_continuity_plan", length=100),
    text("u_continuity_phase"),
    text("u_recovery_status", length=255),
    of("integer", "u_recovery_progress"),
    of("glide_date_time", "u_rto_due", "RTO due"),
    Column("u_continuity_link", "Continuity link", "url", length=1024),
)

_PROBLEM = (
    text("problem_state", default="101"),
    ref("first_reported_by_task", "First reported by", "task"),
    text("cause_notes", length=LONG),
    text("fix_notes", length=LONG),
    text("workaround", length=LONG),
    of("integer", "related_incidents", "Related Incidents", "0", read_only=True),
)

_CI = (
    text("name", "Name", 255),
    text("short_description", "Description", 1000),
    text("operational_status", default="1"),
    text("install_status", default="1"),
    text("asset_tag"),
    text("correlation_id", "Correlation ID", 100),
    ref("owned_by", "Owned by", "sys_user"),
    ref("managed_by", "Managed by", "sys_user"),
    ref("support_group", "Support group", "sys_user_group"),
    ref("assignment_group", "Change Group", "sys_user_group"),
)

_CMDB = (
    Table("cmdb_ci", "Configuration Item", SYSTEM + _CI),
    Table("cmdb_ci_appl", "Application", (text("version"),), "cmdb_ci"),
    Table("cmdb_ci_db_instance", "Database Instance", (text("tcp_port"),), "cmdb_ci_appl"),
    Table("cmdb_ci_netgear", "Network Gear", (text("device_type"),), "cmdb_ci"),
    Table("cmdb_rel_type", "CI Relationship Type", (*SYSTEM, text("name", length=100))),
    Table(
        "cmdb_rel_ci",
        "CI Relationship",
        (
            *SYSTEM,
            ref("parent", "Parent", "cmdb_ci"),
            ref("child", "Child", "cmdb_ci"),
            ref("type", "Type", "cmdb_rel_type"),
        ),
        display="sys_id",
    ),
    Table(
        "cmdb_ci_outage",
        "Outage",
        (
            *SYSTEM,
            text("type", default="outage"),
            text("short_description", length=160),
            ref("cmdb_ci", "Configuration item", "cmdb_ci"),
            ref("task_number", "Task number", "task"),
            of("glide_date_time", "begin", "Begin"),
            of("glide_date_time", "end", "End"),
        ),
        display="short_description",
    ),
    Table(
        "task_ci",
        "Affected CI",
        (*SYSTEM, ref("task", "Task", "task"), ref("ci_item", "Configuration Item", "cmdb_ci")),
        display="sys_id",
    ),
    Table(
        "task_cmdb_ci_service",
        "Impacted Service",
        (*SYSTEM, ref("task", "Task", "task"), ref("cmdb_ci_service", "Service", "cmdb_ci_service")),
        display="sys_id",
    ),
)

_PEOPLE = (
    Table(
        "sys_user",
        "User",
        (
            *SYSTEM,
            text("user_name", "User ID"),
            text("name", "Name", 151),
            text("first_name"),
            text("last_name"),
            Column("email", "Email", "email", length=100),
            text("employee_number", "Employee number"),
            ref("department", "Department", "cmn_department"),
            text("mobile_phone"),
            text("title", length=60),
            of("boolean", "active", "Active", "true"),
        ),
    ),
    Table(
        "cmn_department",
        "Department",
        (*SYSTEM, text("name", "Name", 100), text("id", "ID"), ref("dept_head", "Department head", "sys_user")),
    ),
    Table(
        "sys_user_group",
        "Group",
        (
            *SYSTEM,
            text("name", "Name", 80),
            text("email", "Group email", 100),
            ref("manager", "Manager", "sys_user"),
            of("boolean", "active", "Active", "true"),
        ),
    ),
    Table(
        "sys_user_grmember",
        "Group Member",
        (*SYSTEM, ref("user", "User", "sys_user"), ref("group", "Group", "sys_user_group")),
        display="sys_id",
    ),
    Table("sys_user_role", "Role", (*SYSTEM, text("name", length=100))),
    Table(
        "sys_user_has_role",
        "User Role",
        (
            *SYSTEM,
            ref("user", "User", "sys_user"),
            ref("role", "Role", "sys_user_role"),
            of("boolean", "inherited", "Inherited", "false"),
        ),
        display="sys_id",
    ),
)

_PLATFORM = (
    Table(
        "sys_dictionary",
        "Dictionary Entry",
        (
            *SYSTEM,
            text("name", "Table", 80),
            text("element", "Column name", 80),
            text("column_label", length=80),
            ref("internal_type", "Type", "sys_glide_object", by_name=True),
            ref("reference", "Reference", "sys_db_object", by_name=True),
            of("integer", "max_length"),
            of("boolean", "mandatory", default="false"),
            of("boolean", "read_only", default="false"),
            of("boolean", "active", default="true"),
            text("default_value", length=LONG),
        ),
        display="column_label",
    ),
    Table(
        "sys_dictionary_override",
        "Dictionary Entry Override",
        (
            *SYSTEM,
            text("name", "Table", 80),
            text("base_table", "Base table", 80),
            text("element", "Column name", 80),
            of("boolean", "mandatory_override", "Override mandatory", "false"),
            of("boolean", "mandatory", default="false"),
            of("boolean", "read_only_override", "Override read only", "false"),
            of("boolean", "read_only", default="false"),
            of("boolean", "default_value_override", "Override default value", "false"),
            text("default_value", length=LONG),
        ),
        display="element",
    ),
    Table(
        "sys_documentation",
        "Field Label",
        (
            *SYSTEM,
            text("name", "Table", 80),
            text("element", length=80),
            text("label", length=80),
            text("plural", length=80),
            text("language", default="en"),
        ),
        display="label",
    ),
    Table(
        "sys_data_policy2",
        "Data Policy",
        (
            *SYSTEM,
            text("short_description", length=160),
            text("model_table", "Table", 80),
            text("conditions", length=LONG),
            of("boolean", "inherit", default="false"),
            of("boolean", "active", default="true"),
        ),
        display="short_description",
    ),
    Table(
        "sys_data_policy_rule",
        "Data Policy Rule",
        (
            *SYSTEM,
            ref("sys_data_policy", "Data policy", "sys_data_policy2"),
            text("table", "Table", 80),
            text("field", "Field name", 80),
            text("mandatory", default="ignore"),
            text("disabled", default="ignore"),
        ),
        display="field",
    ),
    Table(
        "sys_choice",
        "Choice",
        (
            *SYSTEM,
            text("name", "Table", 80),
            text("element", length=80),
            text("value", length=255),
            text("label", length=255),
            text("language", default="en"),
            text("dependent_value"),
            of("integer", "sequence"),
            of("boolean", "inactive", default="false"),
        ),
        display="label",
    ),
    Table(
        "sys_db_object",
        "Table",
        (
            *SYSTEM,
            text("name", length=80),
            text("label", length=80),
            ref("super_class", "Extends", "sys_db_object"),
        ),
        display="label",
    ),
    Table(
        "sys_journal_field",
        "Journal Entry",
        (
            *SYSTEM,
            text("name", "Table", 80),
            text("element", length=80),
            text("element_id"),
            text("value", length=65000),
        ),
        display="sys_id",
    ),
    continuity.ATTACHMENTS,
    Table(
        "sys_properties",
        "System Property",
        (*SYSTEM, text("name", length=100), text("value", length=LONG), text("type", default="string")),
    ),
)
