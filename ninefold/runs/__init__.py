"""Any execution: parameters, metrics over steps, tags, artifacts. What MLflow calls runs and experiments."""

from ninefold.runs.artifacts import Entry as Entry
from ninefold.runs.artifacts import File as File
from ninefold.runs.artifacts import Files as Files
from ninefold.runs.comparison import compare as compare
from ninefold.runs.experiments import Experiment as Experiment
from ninefold.runs.experiments import Experiments as Experiments
from ninefold.runs.points import Point as Point
from ninefold.runs.records import Runs as Runs
from ninefold.runs.run import Run as Run
from ninefold.runs.run import Status as Status
from ninefold.runs.searching.asking import search as search
from ninefold.runs.searching.runs import search_runs as search_runs
