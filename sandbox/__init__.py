"""Simulated ServiceNow and Jira: their REST, their webhooks and their faults, sharing no code with the adapters."""
