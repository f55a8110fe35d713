"""api.py is read by type checkers and never runs."""

collect_ignore = ["api.py"]
