"""Who calls: basic authentication, OAuth tokens, what an account may write, and its hourly allowance."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sandbox.servicenow import refusal
from sandbox.servicenow.options import Options
from sandbox.servicenow.schema import Record, Schema
from sandbox.servicenow.store import Store

PASSWORD = "sandbox-password"
ADMIN, ADMIN_PASSWORD = "admin", "admin-password"
CLIENT_ID, CLIENT_SECRET = "continuity-client", "sandbox-secret"
INTEGRATION = "continuity.integration"
_WRITABLE_BY_ALL = ("task", "task_ci", "task_cmdb_ci_service", "cmdb_ci_outage", "cmdb_ci_service", "kb_knowledge")
_WRITABLE_BY_PLANNERS = ("sn_bcp_plan", "sn_bcp_plan_asset", "sn_bcp_recovery_task", "sn_bcp_document")
PLANNER = "sn_bcm.planner"
_RULE_ID = "5f0b2c1dc0a801640146fd1f0c1e5a11"


@dataclass(frozen=True)
class Account:
    """A signed-in user; admin is above the access rules, a planner may write what belongs to continuity plans."""

    user_name: str
    sys_id: str
    name: str
    admin: bool
    planner: bool = False

    def may_write(self, schema: Schema, table: str) -> bool:
        writable = (*_WRITABLE_BY_ALL, *(_WRITABLE_BY_PLANNERS if self.planner else ()))
        return self.admin or any(base in schema.tables and schema.is_a(table, base) for base in writable)


class Accounts:
    """Signs users in and counts their requests by the hour."""

    def __init__(self, store: Store, options: Options) -> None:
        self._store = store
        self._limit = options.rate_limit_per_hour
        self._tokens: dict[str, str] = {}
        self._spent: Counter[tuple[str, int]] = Counter()

    def reset(self) -> None:
        self._tokens.clear()
        self._spent.clear()

    def sign_in(self, authorization: str) -> Account:
        """The account of an Authorization header (Basic, or Bearer with a token from here); else Refused with 401."""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "bearer" and value in self._tokens:
            return self._account(self._tokens[value])
        if scheme.lower() != "basic":
            raise refusal.unauthenticated()
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise refusal.unauthenticated() from error
        return self._with_password(user, password)

    def token(self, form: dict[str, str]) -> str | None:
        """A new bearer token for a client-credentials or password grant, or None where the grant is refused."""
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return None
        user = INTEGRATION
        if form.get("grant_type") == "password":
            try:
                user = self._with_password(form.get("username", ""), form.get("password", "")).user_name
            except refusal.Refused:
                return None
        elif form.get("grant_type") != "client_credentials":
            return None
        token = secrets.token_urlsafe(40)
        self._tokens[token] = user
        return token

    def spend(self, account: Account, now: datetime) -> tuple[dict[str, str], bool]:
        """Count one request: the rate headers (none without a rule) and whether it is within the hour's allowance."""
        if self._limit is None:
            return {}, True
        moment = int(now.timestamp())
        hour = moment // 3600
        self._spent[account.user_name, hour] += 1
        headers = {
            "X-RateLimit-Limit": str(self._limit),
            "X-RateLimit-Reset": str((hour + 1) * 3600),
            "X-RateLimit-Rule": _RULE_ID,
        }
        if self._spent[account.user_name, hour] <= self._limit:
            return headers, True
        return headers | {"Retry-After": str((hour + 1) * 3600 - moment)}, False

    def _with_password(self, user: str, password: str) -> Account:
        expected = ADMIN_PASSWORD if user == ADMIN else PASSWORD
        if not secrets.compare_digest(password.encode(), expected.encode()):
            raise refusal.unauthenticated()
        return self._account(user)

    def _account(self, user: str) -> Account:
        row = self._user(user)
        if row is None or row["active"] != "true":
            raise refusal.unauthenticated()
        return Account(user, row["sys_id"], row["name"], admin=user == ADMIN, planner=PLANNER in self._roles(row))

    def _roles(self, user: Record) -> set[str]:
        held = {row["role"] for row in self._store.rows("sys_user_has_role") if row["user"] == user["sys_id"]}
        return {row["name"] for row in self._store.rows("sys_user_role") if row["sys_id"] in held}

    def _user(self, user: str) -> Record | None:
        return next((row for row in self._store.rows("sys_user") if row["user_name"] == user), None)
