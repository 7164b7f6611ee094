"""Messages from Jira: Cloud, Data Center, old servers and Automation rules."""
