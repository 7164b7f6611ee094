"""What is known of one ticket and why it stands as it does, from the store; for the console and the command line."""
