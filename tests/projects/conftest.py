"""Projects here are files that other tests build; they are no tests."""

collect_ignore_glob = ["*.py"]
