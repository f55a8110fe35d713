"""Tables as files: Delta on Parquet, written so that a commit survives a power cut, and read lazily."""

from ninefold.lake.lake import Lake as Lake
from ninefold.lake.version import Version as Version
