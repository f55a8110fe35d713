"""ninefold: nine stages, one file. A machine-learning system from the problem to the monitor, and round again."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ninefold.endpoints import Endpoint as Endpoint
    from ninefold.endpoints import canary as canary
    from ninefold.endpoints import full as full
    from ninefold.endpoints import shadow as shadow
    from ninefold.errors import NinefoldError as NinefoldError
    from ninefold.features import Features as Features
    from ninefold.features import any_ as _any
    from ninefold.features import count as count
    from ninefold.features import distinct as distinct
    from ninefold.features import first as first
    from ninefold.features import last as last
    from ninefold.features import max_ as _max
    from ninefold.features import mean as mean
    from ninefold.features import min_ as _min
    from ninefold.features import quantile as quantile
    from ninefold.features import std as std
    from ninefold.features import sum_ as _sum
    from ninefold.features.join import join as join
    from ninefold.hypotheses import Hypothesis as Hypothesis
    from ninefold.hypotheses import associated as associated
    from ninefold.hypotheses import beats as beats
    from ninefold.hypotheses import differs as differs
    from ninefold.hypotheses import evidence as evidence
    from ninefold.hypotheses import helps as helps
    from ninefold.hypotheses import stable as stable
    from ninefold.metrics import metric as metric
    from ninefold.metrics import ref as ref
    from ninefold.metrics.builtin import accuracy as accuracy
    from ninefold.metrics.builtin import average_precision as average_precision
    from ninefold.metrics.builtin import brier as brier
    from ninefold.metrics.builtin import calibration_error as calibration_error
    from ninefold.metrics.builtin import cost as cost
    from ninefold.metrics.builtin import f_beta as f_beta
    from ninefold.metrics.builtin import false_positive_rate as false_positive_rate
    from ninefold.metrics.builtin import latency as latency
    from ninefold.metrics.builtin import lift as lift
    from ninefold.metrics.builtin import log_loss as log_loss
    from ninefold.metrics.builtin import mae as mae
    from ninefold.metrics.builtin import mape as mape
    from ninefold.metrics.builtin import mean_error as mean_error
    from ninefold.metrics.builtin import pinball as pinball
    from ninefold.metrics.builtin import precision as precision
    from ninefold.metrics.builtin import r2 as r2
    from ninefold.metrics.builtin import recall as recall
    from ninefold.metrics.builtin import rmse as rmse
    from ninefold.metrics.builtin import roc_auc as roc_auc
    from ninefold.metrics.builtin import selection_rate as selection_rate
    from ninefold.metrics.measure import measure as measure
    from ninefold.models import Model as Model
    from ninefold.models import at_random as at_random
    from ninefold.models import by_group as by_group
    from ninefold.models import by_time as by_time
    from ninefold.models import choice as choice
    from ninefold.models import existing as existing
    from ninefold.models import floats as floats
    from ninefold.models import ints as ints
    from ninefold.models import on as on
    from ninefold.models import tune as tune
    from ninefold.monitors import Monitor as Monitor
    from ninefold.monitors import ask as ask
    from ninefold.monitors import bias as bias
    from ninefold.monitors import drift as drift
    from ninefold.monitors import freshness as freshness
    from ninefold.monitors import hold as hold
    from ninefold.monitors import quality as quality
    from ninefold.monitors import retrain as retrain
    from ninefold.monitors import rollback as rollback
    from ninefold.notebook.open import open as open
    from ninefold.problems import Problem as Problem
    from ninefold.problems import ahead as ahead
    from ninefold.problems import baseline as baseline
    from ninefold.problems import binary as binary
    from ninefold.problems import multiclass as multiclass
    from ninefold.problems import refer as refer
    from ninefold.problems import regression as regression
    from ninefold.problems import risk as risk
    from ninefold.problems import top as top
    from ninefold.project.reading.here import Project as Project
    from ninefold.runs.tracking.track import track as track
    from ninefold.sources import Event as Event
    from ninefold.sources import Events as Events
    from ninefold.sources import Personal as Personal
    from ninefold.sources import Source as Source
    from ninefold.tables import Table as Table
    from ninefold.tables import between as between
    from ninefold.tables import holds as holds
    from ninefold.tables import matches as matches
    from ninefold.tables import not_null as not_null
    from ninefold.tables import one_of as one_of
    from ninefold.tables import refers_to as refers_to
    from ninefold.tables import row_count as row_count
    from ninefold.tables import table as table
    from ninefold.tables import unique as unique
    from ninefold.tables.check import check as check

    any, max, min, sum = _any, _max, _min, _sum  # only assigned names are exported under another name

__version__ = "0.1.0"

# public name -> (module, name there). Everything is imported on first use: `import ninefold` loads no engine.
_PUBLIC: dict[str, tuple[str, str]] = {
    name: (f"ninefold.{module}", target)
    for module, names in {
        "endpoints": "Endpoint canary full shadow",
        "errors": "NinefoldError",
        "features": "Features any=any_ count distinct first last max=max_ mean min=min_ quantile std sum=sum_",
        "features.join": "join",
        "hypotheses": "Hypothesis associated beats differs evidence helps stable",
        "metrics": "metric ref",
        "metrics.builtin": (
            "accuracy average_precision brier calibration_error cost f_beta false_positive_rate latency lift log_loss mae mape "
            "mean_error pinball precision r2 recall rmse roc_auc selection_rate"
        ),
        "metrics.measure": "measure",
        "models": "Model at_random by_group by_time choice existing floats ints on tune",
        "monitors": "Monitor ask bias drift freshness hold quality retrain rollback",
        "problems": "Problem ahead baseline binary multiclass refer regression risk top",
        "project.reading.here": "Project",
        "notebook.open": "open",  # the module has the function's name
        "runs.tracking.track": "track",  # the module has the function's name
        "sources": "Event Events Personal Source",
        "tables": "Table between holds matches not_null one_of refers_to row_count table unique",
        "tables.check": "check",
    }.items()
    for name, _, target in (entry.partition("=") for entry in names.split())
    for target in [target or name]
}

__all__ = sorted(_PUBLIC)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'ninefold' has no attribute {name!r}")
    module, target = _PUBLIC[name]
    value = getattr(import_module(module), target)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
