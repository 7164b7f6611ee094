"""One module per ticketing platform, each implementing `connector.ticketing.Ticketing`."""
