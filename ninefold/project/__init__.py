"""Projects: reading a module, resolving names, planning, running, freezing, explaining."""
