"""A simulated Jira, Cloud or Data Center, that speaks REST, sends webhooks and goes wrong on demand.

What is simulated, and where each fact is from (O: Atlassian's OpenAPI of Cloud REST v3; D: Atlassian's documentation;
W: recorded webhooks; C: what the `jira` client does and expects; S: secondhand, weaker):

- REST version 2 (wiki text) on both flavours, version 3 (ADF, validated) on Cloud only (O, D).
- Issues: create, bulk create (50 at most, partial failure with `failedElementNumber`), read, edit (`fields` and
  `update`), delete, bulk fetch (O). Values are refused field by field in Jira's words (S). Screens differ by project:
  "Team" is not on NET's. `updated` moves by at least a millisecond at each write; a write without effect is none.
- Sub-tasks, parent and issue links of an answer are read from the database; a search runs behind by `search_lag` (D for
  Cloud's `reconcileIssues`, S for the rest).
- Searches: Cloud refuses /search with 410 and an unbounded query with 400, pages /search/jql by token and gives ids
  only unless asked; Data Center pages /search by startAt (O, D). A subset of JQL, with dates to the minute.
- Transitions by workflow, their names not those of the statuses; "Resolve" asks for a resolution (O for the shapes).
- Comments are public unless the property sd.public.comment says internal; Cloud shows it as `jsdPublic` (D, W).
- Remote links by globalId (at most 255 characters; 201 then 200 on Cloud, 200 on Data Center; what an update leaves out
  becomes null), issue properties (32,768 characters) (O, D).
- Metadata: serverInfo, myself, mypermissions, fields, projects, create/edit screens, users (O, C).
- Errors: the two-part body, JSON that cannot be parsed, unknown paths, wrong credentials (O, S).
- Rate limits: with the option `rate_limits`, or by a 429 fault with either form of Retry-After or none (D).
- Webhooks: headers, signature and retries of Cloud; none of these on Data Center; bodies, changelog items and the
  comment events of both (W, D). Retries come after fractions of a second, not 5 to 15 minutes. No order is promised.

- Files on issues: uploaded with the header against forged requests, listed in the issue, in its history (O).
- Many issues at once, as an import makes them, without webhooks (`/_sandbox/fill`); a site without custom fields
  (option `plain`).
- Archived issues (`/_sandbox/archive`): in no search, read-only, with `archiveddate` where they are read (D; S).

Not simulated: worklogs, watchers, votes, boards, security levels, apps, the service desk's own REST.
"""
