"""What is kept: tables, and the named queries over them; every function takes the transaction it works in."""
