"""Messages to people and programs outside: one outbox, several ways out."""
