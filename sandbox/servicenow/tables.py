"""The tables of the simulated instance, column by column."""

from __future__ import annotations

from sandbox.servicenow import choices
from sandbox.servicenow.schema import Column, Kind, Schema, Table

_SHORT, _LONG = 40, 4000


def instance(*, mim: bool, plain: bool) -> Schema:
    """The schema with or without Major Incident Management, and without any `u_` column when plain."""
    incident: tuple[Column, ...] = _INCIDENT
    if mim and not plain:
        incident += _MAJOR
    if not plain:
        incident += _CONTINUITY
    desk = (
        Table("task", "Task", _SYSTEM + _TASK, display="number", prefix="TASK"),
        Table("incident", "Incident", incident, "task", "number", "INC"),
        Table(
            "incident_task", "Incident Task", (_ref("incident", "Incident", "incident"),), "task", "number", "INCTSK"
        ),
        Table("problem", "Problem", _PROBLEM, "task", "number", "PRB", {"state": {"default": "101"}}),
        Table(
            "problem_task",
            "Problem Task",
            (_ref("problem", "Problem", "problem"),),
            "task",
            "number",
            "PTASK",
            {"state": {"default": "151"}},
        ),
    )
    return Schema(desk + _CMDB + _PEOPLE + _PLATFORM, choices.CHOICES)


def _text(name: str, label: str = "", length: int = _SHORT, default: str = "") -> Column:
    return Column(name, label or _label(name), "string", "", length, default)


def _ref(name: str, label: str, table: str, *, by_name: bool = False) -> Column:
    return Column(name, label, "reference", table, 32, by_name=by_name)


def _of(kind: Kind, name: str, label: str = "", default: str = "", *, read_only: bool = False) -> Column:
    return Column(
        name, label or _label(name), kind, "", _LONG if kind.startswith("journal") else 40, default, read_only
    )


def _label(name: str) -> str:
    return name.removeprefix("u_").replace("_", " ").capitalize()


_SYSTEM = (
    _of("GUID", "sys_id", "Sys ID", read_only=True),
    _of("glide_date_time", "sys_created_on", "Created", read_only=True),
    _of("string", "sys_created_by", "Created by", read_only=True),
    _of("glide_date_time", "sys_updated_on", "Updated", read_only=True),
    _of("string", "sys_updated_by", "Updated by", read_only=True),
    _of("integer", "sys_mod_count", "Updates", "0", read_only=True),
    _of("string", "sys_class_name", "Class", read_only=True),
    _of("string", "sys_tags", "Tags", read_only=True),
)

_TASK = (
    Column("sys_domain", "Domain", "reference", "sys_user_group", 32, "global", read_only=True),
    Column("sys_domain_path", "Domain Path", default="/", read_only=True),
    Column("number", "Number", length=_SHORT, default="javascript:getNextObjNumberPadded();", mandatory=True),
    _text("short_description", "Short description", 160),
    _text("description", "Description", _LONG),
    _of("integer", "state", "State", "1"),
    _of("boolean", "active", "Active", "true"),
    _of("integer", "impact", "Impact", "3"),
    _of("integer", "urgency", "Urgency", "3"),
    _of("integer", "priority", "Priority", "4"),
    _ref("parent", "Parent", "task"),
    _ref("assignment_group", "Assignment group", "sys_user_group"),
    _ref("assigned_to", "Assigned to", "sys_user"),
    _ref("opened_by", "Opened by", "sys_user"),
    _ref("closed_by", "Closed by", "sys_user"),
    _ref("cmdb_ci", "Configuration item", "cmdb_ci"),
    _ref("business_service", "Service", "cmdb_ci_service"),
    _ref("company", "Company", "core_company"),
    _ref("location", "Location", "cmn_location"),
    _ref("delivery_plan", "Delivery plan", "sc_cat_item_delivery_plan"),
    _ref("delivery_task", "Delivery task", "sc_cat_item_delivery_task"),
    _of("glide_date_time", "opened_at", "Opened"),
    _of("glide_date_time", "closed_at", "Closed"),
    _of("glide_date_time", "due_date", "Due date"),
    _of("glide_date_time", "sla_due", "SLA due"),
    _of("glide_date_time", "activity_due"),
    _of("glide_date_time", "expected_start"),
    _of("glide_date_time", "follow_up"),
    _of("glide_date_time", "work_start", "Actual start"),
    _of("glide_date_time", "work_end", "Actual end"),
    _of("glide_date_time", "approval_set"),
    _of("integer", "order", "Order"),
    _of("integer", "escalation", "Escalation", "0"),
    _of("integer", "reassignment_count", "Reassignment count", "0", read_only=True),
    _of("boolean", "made_sla", "Made SLA", "true"),
    _of("boolean", "knowledge", "Knowledge", "false"),
    _text("approval", "Approval", default="not requested"),
    _text("upon_approval", default="proceed"),
    _text("upon_reject", default="cancel"),
    _text("approval_history"),
    _text("contact_type"),
    _text("correlation_id", "Correlation ID", 100),
    _text("correlation_display", "Correlation display", 100),
    _text("close_notes", "Close notes", _LONG),
    _text("user_input", length=_LONG),
    _text("time_worked"),
    _of("glide_duration", "business_duration", "Business duration"),
    _of("glide_duration", "calendar_duration", "Duration"),
    Column("watch_list", "Watch list", "glide_list", "sys_user", _LONG),
    Column("work_notes_list", "Work notes list", "glide_list", "sys_user", _LONG),
    Column("group_list", "Group list", "glide_list", "sys_user_group", _LONG),
    Column("additional_assignee_list", "Additional assignee list", "glide_list", "sys_user", _LONG),
    _of("journal_input", "work_notes", "Work notes"),
    _of("journal_input", "comments", "Additional comments"),
    _of("journal_list", "comments_and_work_notes", "Comments and Work notes", read_only=True),
)

_INCIDENT = (
    _of("integer", "incident_state", "Incident state", "1"),
    _of("integer", "severity", "Severity", "3"),
    _of("integer", "notify", "Notify", "1"),
    _of("integer", "child_incidents", "Child Incidents", "0", read_only=True),
    _of("integer", "reopen_count", "Reopen count", "0", read_only=True),
    _ref("caller_id", "Caller", "sys_user"),
    _ref("parent_incident", "Parent Incident", "incident"),
    _ref("problem_id", "Problem", "problem"),
    _ref("rfc", "Change Request", "change_request"),
    _ref("caused_by", "Caused by Change", "change_request"),
    _ref("resolved_by", "Resolved by", "sys_user"),
    _ref("reopened_by", "Last reopened by", "sys_user"),
    _of("glide_date_time", "resolved_at", "Resolved"),
    _of("glide_date_time", "reopened_time", "Last reopened at"),
    _of("integer", "hold_reason", "On hold reason"),
    _text("category", default="inquiry"),
    _text("subcategory"),
    _text("close_code", "Resolution code"),
    _text("business_stc"),
    _text("calendar_stc"),
)

_MAJOR = (
    _text("major_incident_state", "Major incident state"),
    _ref("proposed_by", "Proposed by", "sys_user"),
    _of("glide_date_time", "proposed_on", "Proposed"),
    _ref("promoted_by", "Promoted by", "sys_user"),
    _of("glide_date_time", "promoted_on", "Promoted"),
    _text("business_impact", "Business impact", _LONG),
    _text("cause", "Probable cause", _LONG),
    _text("overview", length=_LONG),
    _text("actions_taken", length=_LONG),
    _text("lessons_learned", "Findings", _LONG),
    _text("timeline", length=_LONG),
    _ref("trigger_rule", "Trigger Rule", "major_incident_trigger_rule"),
)

_CONTINUITY = (
    _text("u_continuity_plan", length=100),
    _text("u_continuity_phase"),
    _text("u_recovery_status", length=255),
    _of("integer", "u_recovery_progress"),
    _of("glide_date_time", "u_rto_due", "RTO due"),
    Column("u_continuity_link", "Continuity link", "url", length=1024),
)

_PROBLEM = (
    _text("problem_state", default="101"),
    _ref("first_reported_by_task", "First reported by", "task"),
    _text("cause_notes", length=_LONG),
    _text("fix_notes", length=_LONG),
    _text("workaround", length=_LONG),
    _of("integer", "related_incidents", "Related Incidents", "0", read_only=True),
)

_CI = (
    _text("name", "Name", 255),
    _text("short_description", "Description", 1000),
    _text("operational_status", default="1"),
    _text("install_status", default="1"),
    _text("asset_tag"),
    _text("correlation_id", "Correlation ID", 100),
    _ref("owned_by", "Owned by", "sys_user"),
    _ref("managed_by", "Managed by", "sys_user"),
    _ref("support_group", "Support group", "sys_user_group"),
    _ref("assignment_group", "Change Group", "sys_user_group"),
)

_CMDB = (
    Table("cmdb_ci", "Configuration Item", _SYSTEM + _CI),
    Table("cmdb_ci_appl", "Application", (_text("version"),), "cmdb_ci"),
    Table("cmdb_ci_db_instance", "Database Instance", (_text("tcp_port"),), "cmdb_ci_appl"),
    Table("cmdb_ci_netgear", "Network Gear", (_text("device_type"),), "cmdb_ci"),
    Table(
        "cmdb_ci_service",
        "Service",
        (_text("busines_criticality", "Business criticality"), _text("service_classification")),
        "cmdb_ci",
    ),
    Table("cmdb_rel_type", "CI Relationship Type", (*_SYSTEM, _text("name", length=100))),
    Table(
        "cmdb_rel_ci",
        "CI Relationship",
        (
            *_SYSTEM,
            _ref("parent", "Parent", "cmdb_ci"),
            _ref("child", "Child", "cmdb_ci"),
            _ref("type", "Type", "cmdb_rel_type"),
        ),
        display="sys_id",
    ),
    Table(
        "cmdb_ci_outage",
        "Outage",
        (
            *_SYSTEM,
            _text("type", default="outage"),
            _text("short_description", length=160),
            _ref("cmdb_ci", "Configuration item", "cmdb_ci"),
            _ref("task_number", "Task number", "task"),
            _of("glide_date_time", "begin", "Begin"),
            _of("glide_date_time", "end", "End"),
        ),
        display="short_description",
    ),
    Table(
        "task_ci",
        "Affected CI",
        (*_SYSTEM, _ref("task", "Task", "task"), _ref("ci_item", "Configuration Item", "cmdb_ci")),
        display="sys_id",
    ),
    Table(
        "task_cmdb_ci_service",
        "Impacted Service",
        (*_SYSTEM, _ref("task", "Task", "task"), _ref("cmdb_ci_service", "Service", "cmdb_ci_service")),
        display="sys_id",
    ),
)

_PEOPLE = (
    Table(
        "sys_user",
        "User",
        (
            *_SYSTEM,
            _text("user_name", "User ID"),
            _text("name", "Name", 151),
            _text("first_name"),
            _text("last_name"),
            Column("email", "Email", "email", length=100),
            _text("employee_number", "Employee number"),
            _ref("department", "Department", "cmn_department"),
            _text("mobile_phone"),
            _text("title", length=60),
            _of("boolean", "active", "Active", "true"),
        ),
    ),
    Table(
        "cmn_department",
        "Department",
        (*_SYSTEM, _text("name", "Name", 100), _text("id", "ID"), _ref("dept_head", "Department head", "sys_user")),
    ),
    Table(
        "sys_user_group",
        "Group",
        (
            *_SYSTEM,
            _text("name", "Name", 80),
            _text("email", "Group email", 100),
            _ref("manager", "Manager", "sys_user"),
            _of("boolean", "active", "Active", "true"),
        ),
    ),
    Table(
        "sys_user_grmember",
        "Group Member",
        (*_SYSTEM, _ref("user", "User", "sys_user"), _ref("group", "Group", "sys_user_group")),
        display="sys_id",
    ),
    Table("sys_user_role", "Role", (*_SYSTEM, _text("name", length=100))),
    Table(
        "sys_user_has_role",
        "User Role",
        (
            *_SYSTEM,
            _ref("user", "User", "sys_user"),
            _ref("role", "Role", "sys_user_role"),
            _of("boolean", "inherited", "Inherited", "false"),
        ),
        display="sys_id",
    ),
)

_PLATFORM = (
    Table(
        "sys_dictionary",
        "Dictionary Entry",
        (
            *_SYSTEM,
            _text("name", "Table", 80),
            _text("element", "Column name", 80),
            _text("column_label", length=80),
            _ref("internal_type", "Type", "sys_glide_object", by_name=True),
            _ref("reference", "Reference", "sys_db_object", by_name=True),
            _of("integer", "max_length"),
            _of("boolean", "mandatory", default="false"),
            _of("boolean", "read_only", default="false"),
            _of("boolean", "active", default="true"),
            _text("default_value", length=_LONG),
        ),
        display="column_label",
    ),
    Table(
        "sys_dictionary_override",
        "Dictionary Entry Override",
        (
            *_SYSTEM,
            _text("name", "Table", 80),
            _text("base_table", "Base table", 80),
            _text("element", "Column name", 80),
            _of("boolean", "mandatory_override", "Override mandatory", "false"),
            _of("boolean", "mandatory", default="false"),
            _of("boolean", "read_only_override", "Override read only", "false"),
            _of("boolean", "read_only", default="false"),
            _of("boolean", "default_value_override", "Override default value", "false"),
            _text("default_value", length=_LONG),
        ),
        display="element",
    ),
    Table(
        "sys_documentation",
        "Field Label",
        (
            *_SYSTEM,
            _text("name", "Table", 80),
            _text("element", length=80),
            _text("label", length=80),
            _text("plural", length=80),
            _text("language", default="en"),
        ),
        display="label",
    ),
    Table(
        "sys_data_policy2",
        "Data Policy",
        (
            *_SYSTEM,
            _text("short_description", length=160),
            _text("model_table", "Table", 80),
            _text("conditions", length=_LONG),
            _of("boolean", "inherit", default="false"),
            _of("boolean", "active", default="true"),
        ),
        display="short_description",
    ),
    Table(
        "sys_data_policy_rule",
        "Data Policy Rule",
        (
            *_SYSTEM,
            _ref("sys_data_policy", "Data policy", "sys_data_policy2"),
            _text("table", "Table", 80),
            _text("field", "Field name", 80),
            _text("mandatory", default="ignore"),
            _text("disabled", default="ignore"),
        ),
        display="field",
    ),
    Table(
        "sys_choice",
        "Choice",
        (
            *_SYSTEM,
            _text("name", "Table", 80),
            _text("element", length=80),
            _text("value", length=255),
            _text("label", length=255),
            _text("language", default="en"),
            _text("dependent_value"),
            _of("integer", "sequence"),
            _of("boolean", "inactive", default="false"),
        ),
        display="label",
    ),
    Table(
        "sys_db_object",
        "Table",
        (
            *_SYSTEM,
            _text("name", length=80),
            _text("label", length=80),
            _ref("super_class", "Extends", "sys_db_object"),
        ),
        display="label",
    ),
    Table(
        "sys_journal_field",
        "Journal Entry",
        (
            *_SYSTEM,
            _text("name", "Table", 80),
            _text("element", length=80),
            _text("element_id"),
            _text("value", length=65000),
        ),
        display="sys_id",
    ),
    Table(
        "sys_properties",
        "System Property",
        (*_SYSTEM, _text("name", length=100), _text("value", length=_LONG), _text("type", default="string")),
    ),
)
