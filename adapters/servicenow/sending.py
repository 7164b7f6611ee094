"""Sends writes in one Batch call: looks first where an earlier try may have landed, and reads failed creates back."""

from __future__ import annotations

from collections.abc import Mapping as Facts
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from adapters.servicenow import batch, query, records, writes
from adapters.servicenow.batch import Answer, Inner
from adapters.servicenow.binding import Binding
from adapters.servicenow.lookups import Lookups, Name
from adapters.servicenow.rest import ODD, Effect, Failed, Rest, failure
from adapters.servicenow.writes import Composed, Composer, Nothing, Unsendable
from connector.ticketing import KEPT, Outcome, Write
from mappings.library import Mappings
from mappings.transforms import Lookup, scalar

# What a batch had no time for can go at once, but not in a circle without a breath.
_UNSERVICED_AGAIN = 1.0
_ELSEWHERE = "look elsewhere"


class Sender:
    """Sends for one connection. Safe to call from several threads."""

    def __init__(self, url: str, rest: Rest, binding: Binding, lookups: Lookups, fallback_team: str) -> None:
        self._url = url
        self._rest = rest
        self._binding = binding
        self._lookups = lookups
        self._fallback = fallback_team
        self._composer = Composer(binding, lookups, fallback_team)

    @property
    def _mappings(self) -> Mappings:
        return self._binding.mappings

    def send(self, given: Sequence[Write]) -> list[Outcome]:
        """Make the changes; one outcome per write, in order."""
        outcomes: dict[str, Outcome] = {}
        for start in range(0, len(given), batch.MOST):
            part = given[start : start + batch.MOST]
            try:
                self._part(part, outcomes)
            except Failed as error:
                for write in part:
                    outcomes.setdefault(write.key, _all(write, error))
            except ODD as error:
                told = Failed("unclear", f"the answer could not be understood ({type(error).__name__}: {error})")
                for write in part:
                    outcomes.setdefault(write.key, _all(write, told))
        return [cautious(write, outcomes[write.key]) for write in given]

    def _part(self, part: Sequence[Write], outcomes: dict[str, Outcome]) -> None:
        given = [write for write in part if write.action == "create" or records.is_sys_id(write.id)]
        for write in part:
            if write not in given:
                reason = f"'{write.id}' is no sys_id, so that there is no ticket to change"
                outcomes[write.key] = Outcome(write.key, "refused", id=write.id, reason=reason)
        try:
            found = self._prepare(given)
        except Failed as error:
            # Nothing was written yet, so that a lost answer leaves nothing in doubt.
            effect: Effect = "refused" if error.effect == "refused" else "retry"
            raise Failed(effect, error.reason, error.retry_after) from error
        composed: list[Composed] = []
        for write in given:
            try:
                prepared = self._composed(write, found, outcomes)
            except Unsendable as error:
                outcomes[write.key] = Outcome(write.key, "refused", id=write.id, reason=str(error))
                continue
            if prepared is not None:
                composed.append(prepared)
        if not composed:
            return
        answers = self._rest.batch([item.inner for item in composed], safe=False)
        doubtful: list[Composed] = []
        for item in composed:
            answer = answers.get(item.write.key)
            outcomes[item.write.key] = self._outcome(item, answer)
            if item.write.action == "create" and outcomes[item.write.key].status in ("refused", "unclear"):
                doubtful.append(item)
        if doubtful:
            self._read_back(doubtful, outcomes)

    def _composed(self, write: Write, found: Facts[str, Any], outcomes: dict[str, Outcome]) -> Composed | None:
        """Return what is left to send for a write, recording the outcome of one that needs nothing more."""
        row = found.get(write.id or records.sys_id_of(write.key)) if write.unclear_since else None
        if row is None:
            composed = self._composer.compose(write)
        elif write.action == "create":
            self._settle(write, row, outcomes)
            return None
        elif write.note and writes.bears(self._mappings[write.record], row, write.key):
            # Fields and note went in one PATCH: where the note stands, the fields were set with it.
            self._settle(write, row, outcomes)
            return None
        else:
            composed = self._composer.compose(write)
        if isinstance(composed, Nothing):
            told = composed.warnings
            outcomes[write.key] = Outcome(write.key, "done", id=write.id, number=write.number, warnings=told)
            return None
        return composed

    def _settle(self, write: Write, row: Facts[str, Any], outcomes: dict[str, Outcome]) -> None:
        composed = self._composer.compose(write)
        if isinstance(composed, Composed):
            outcomes[write.key] = writes.done(self._url, composed, row, touched=True)

    def _prepare(self, given: Sequence[Write]) -> Facts[str, Any]:
        """Look up unknown names and, for writes of unclear fate, what stands: all in one call, or in none.

        Returns the records found by sys_id. Raises Failed.
        """
        wanted = list(dict.fromkeys(name for write in given for name in writes.names(self._mappings, write)))
        if any(lookup.kind == "team" for lookup, _ in wanted):
            wanted.append((Lookup("team"), self._fallback))
        missing = self._lookups.missing(wanted)
        looks = self._looks([write for write in given if write.unclear_since])
        if not looks and (not missing or self._refreshed(missing)):
            return {}
        asked = self._lookups.requests(missing)
        answers = self._rest.batch([*asked, *looks], safe=True)
        for inner in asked:
            _insist_on_names(answers.get(inner.id))
        self._lookups.learn(missing, answers)
        for look in looks:
            answer = answers.get(look.id)
            if look.id != _ELSEWHERE and (answer is None or not answer.good):
                reason = answer.reason if answer else "the batch ran out of time"
                raise Failed("unclear", f"cannot tell whether an earlier try landed: {reason}")
        return _stand(looks, answers)

    def _refreshed(self, missing: Sequence[Name]) -> bool:
        """Ask for names again; return False where what was known before does not do. Raises Failed only then."""
        if not self._lookups.known(missing):
            return False
        try:
            answers = self._rest.batch(self._lookups.requests(missing), safe=True)
        except Failed:
            # An outdated id is better than a task that is not made.
            return True
        self._lookups.learn(missing, answers)
        return True

    def _looks(self, unclear: Sequence[Write]) -> list[Inner]:
        """One query per table for what earlier tries may have made; notes are read as a person sees them.

        The journal's own table answers an ordinary account with nothing, so that it cannot be asked. Creates are looked
        for among all tasks too: mappings put in force since may name another table than the earlier try went to.
        """
        wanted: dict[str, dict[str, None]] = {}
        columns: dict[str, dict[str, None]] = {}
        for write in unclear:
            table = writes.look_table(self._mappings, write)
            wanted.setdefault(table, {})[write.id or records.sys_id_of(write.key)] = None
            columns.setdefault(table, {}).update(dict.fromkeys(writes.looked_at(self._mappings, write)))
        looks = [
            Inner(
                f"look:{table}",
                "GET",
                query.listing(table, query.within("sys_id", ids), columns[table], limit=batch.MOST),
            )
            for table, ids in wanted.items()
        ]
        tasks = (write for write in unclear if write.action == "create" and write.record not in KEPT)
        made = [records.sys_id_of(write.key) for write in tasks]
        if made:
            address = query.listing("task", query.within("sys_id", made), writes.ECHOED, limit=batch.MOST)
            looks.append(Inner(_ELSEWHERE, "GET", address))
        return looks

    def _outcome(self, composed: Composed, answer: Answer | None) -> Outcome:
        write = composed.write
        if answer is None:
            reason = "the batch ran out of time before this request"
            return Outcome(write.key, "retry", id=write.id, reason=reason, retry_after=_UNSERVICED_AGAIN)
        if answer.good and answer.rows:
            return writes.done(self._url, composed, answer.rows[0])
        return writes.failed(write, answer)

    def _read_back(self, doubtful: Sequence[Composed], outcomes: dict[str, Outcome]) -> None:
        """Judge creates that were answered with an error by whether the record stands: a repeat is an error too."""
        looks = self._looks([item.write for item in doubtful])
        try:
            answers = self._rest.batch(looks, safe=True)
        except Failed as error:
            for item in doubtful:
                was = outcomes[item.write.key]
                outcomes[item.write.key] = replace(was, status="unclear", reason=f"{was.reason}; then {error.reason}")
            return
        rows = _stand(looks, answers)
        unread = any(look.id != _ELSEWHERE and (look.id not in answers or not answers[look.id].good) for look in looks)
        for item in doubtful:
            row = rows.get(item.sys_id)
            if row is not None:
                outcomes[item.write.key] = writes.done(self._url, item, row, touched=True)
            elif unread:
                outcomes[item.write.key] = replace(outcomes[item.write.key], status="unclear")


def _stand(looks: Sequence[Inner], answers: Facts[str, Answer]) -> dict[str, Facts[str, Any]]:
    """Return what was found, by sys_id; of what stands on another table than its write's, that it does."""
    found: dict[str, Facts[str, Any]] = {}
    for look in sorted(looks, key=lambda look: look.id != _ELSEWHERE):
        answer = answers.get(look.id)
        for row in answer.rows if answer is not None and answer.good else ():
            found[scalar(row.get("sys_id"), "")] = {**row, writes.ELSEWHERE: look.id == _ELSEWHERE}
    return found


def _insist_on_names(answer: Answer | None) -> None:
    """Raise Failed where names could not be looked up for now: a task must not lose its group to a hiccup.

    A refusal to tell names is no hiccup: the work goes on with the fallback group, and a warning.
    """
    if answer is None:
        raise Failed("retry", "the batch ran out of time while names were looked up", _UNSERVICED_AGAIN)
    if answer.good:
        return
    told = failure(answer.status, answer.reason, answer.headers)
    if told.effect != "refused" or answer.status < 400:  # noqa: PLR2004 - a success that holds an error
        raise Failed("retry", f"names could not be looked up: {answer.reason}", told.retry_after)


def _all(write: Write, error: Failed) -> Outcome:
    return Outcome(write.key, error.effect, id=write.id, reason=error.reason, retry_after=error.retry_after)


def cautious(write: Write, outcome: Outcome) -> Outcome:
    """Keep a write unclear that was so before: this try had no effect, but the earlier one may still land."""
    if write.unclear_since and outcome.status == "retry":
        return replace(outcome, status="unclear")
    return outcome
