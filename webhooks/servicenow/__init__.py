"""Messages from ServiceNow."""
