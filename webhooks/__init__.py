"""Messages in: signature checks, the receiver, and one event reader per platform."""
