"""What people and machines read over HTTP: the page behind a ticket's link, the read API, health and metrics."""
