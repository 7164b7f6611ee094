"""What happens when: a message is decided, an activation advances, writes are sent, a poll finds what was not told."""
