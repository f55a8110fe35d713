"""Runs of scripts: said in a few microseconds, kept on disk, delivered once."""

from ninefold.runs.tracking.run import TrackedRun as TrackedRun
from ninefold.runs.tracking.track import track as track
