"""Jira Cloud and Jira Data Center, over the `jira` client."""

from adapters.jira.ticketing import Jira

__all__ = ["Jira"]
