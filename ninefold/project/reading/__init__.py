"""Reading a project: its modules, the things in them, and how they are wired."""
