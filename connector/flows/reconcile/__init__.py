"""The net under the webhooks for continuity records: a sweep reads what changed, a full audit compares all."""
