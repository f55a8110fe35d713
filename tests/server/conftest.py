"""Servers here are processes of their own; ``live`` is beside the tests."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

from hostile import collecting_project, live, own

__all__ = ["collecting_project", "live", "own"]
