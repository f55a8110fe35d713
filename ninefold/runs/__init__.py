"""Any execution: parameters, metrics over steps, tags, artifacts. What MLflow calls runs and experiments."""

from ninefold.runs.records import Artifact as Artifact
from ninefold.runs.records import Point as Point
from ninefold.runs.records import Run as Run
from ninefold.runs.records import Runs as Runs
from ninefold.runs.search import compare as compare
from ninefold.runs.search import search as search
