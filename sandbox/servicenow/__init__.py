"""A simulated ServiceNow instance: REST, business rules, permissions and outgoing webhooks, in memory.

What is simulated, each with the ground it stands on: D read in ServiceNow's documentation, L recorded from a live
instance, R run against the client library, I inferred.

REST
    D  Table API: lists with encoded queries, paging (`Link`, `X-Total-Count`), display values, dot-walks; POST answers
       201 with `Location`; times are UTC `YYYY-MM-DD HH:MM:SS`. Invalid parts of a query are ignored, so that more rows
       match. The page is cut before the access rules: `Options.hidden_groups` makes pages short.
    L  References come as link and value, with display_value=all also as display value. Fields that the caller may not
       read are absent (`Options.unreadable`). Errors are `{"error": {"message", "detail"}, "status": "failure"}`.
    L  A 32-digit hex sys_id in a POST is honoured, a second POST of it fails with "Unique Key violation detected by
       database" (403 or 500: `Options.duplicate_status`).
    L  Silent write loss: unknown, read-only and forbidden columns (`Options.unwritable`), values that a column's type
       cannot hold, and a directly written priority are dropped with success; I: texts are cut to the column's length.
    I  A reference takes any sys_id unchecked; other text must be the display value of one record, else it ends empty.
    D  Batch API with base64 bodies; what does not fit the time quota, or an "unserviced" fault, is left unserviced.
    D  An hourly allowance for each user (`Options.rate_limit_per_hour`): X-RateLimit headers, then 429 and Retry-After.
    R  A 200 that holds a result and an error, and the HTML page of a sleeping instance, as faults.

Records
    L  Incident priority from impact and urgency; state and incident_state in step; journal fields come back empty and
       stand in sys_journal_field, which has an access rule of its own (`Options.journal_acl`).
    D  Closing an incident sets its open incident tasks to Closed Incomplete, cancelling it to Closed Skipped, while the
       property com.snc.incident.incident_task.closure is true; I: their webhooks leave before the incident's.
    D  Major Incident Management is optional (`Options.mim`) and promotes in place or into a new incident
       (`Options.promote`, POST /_sandbox/promote).
    D  sys_dictionary, sys_choice and sys_db_object describe exactly the columns that this instance has: each column
       under the table that it belongs to, labels in sys_documentation too, what a child table changes in
       sys_dictionary_override. A table's own choices replace those of the table that it extends.
    I  What the dictionary calls mandatory binds forms only: the Table API takes a record without it. A data policy
       (sys_data_policy2, sys_data_policy_rule) is kept on every insert and update: 403 "Data Policy Exception". Its
       rows are hidden from all but admin (`Options.policy_acl`), though X-Total-Count tells how many there are.
    D  A list of cmdb_ci_service shows the classes that extend it. Knowledge articles have no correlation, and (I) are
       refused in no knowledge base. Tables of Business Continuity Management (`Options.bcm`; see `continuity`) have no
       class column; a plan that is approved or archived is read-only. I: only planners write there, and a reference
       that leads nowhere is dropped. Of recovery tasks and assets a business rule tells only where an admin has added
       it (`Options.rules`). A plan counts its tasks, and so changes with them.
    D  Attachment API: files on records, with rights, types and sizes (`Options.attachment_...`). I: an attachment
       changes no record, so that no webhook tells of it.
    An admin's changes on order: POST /_sandbox/add-column, change-column, require-column, change-choice, change-group,
    and fill, which makes many records at once.

Webhooks
    D  Sent once, never again; body and headers are those that a scoped app can compute (see `events`). Late, doubled,
       shuffled and lost deliveries on order: an asynchronous business rule gives no better promise.

Accounts: `continuity.integration` and every seeded user with "sandbox-password", `admin` with "admin-password", and an
OAuth client "continuity-client" with "sandbox-secret" at /oauth_token.do.
"""
