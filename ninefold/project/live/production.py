"""What production says: predictions with their outcomes, as frames, and the criteria judged on them."""

from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.endpoints import predictions as log
from ninefold.endpoints.endpoint import Endpoint
from ninefold.errors import DataError
from ninefold.metrics.metric import Custom, Metric
from ninefold.problems.criterion import Criterion
from ninefold.problems.target import Ahead
from ninefold.project.explaining.lineage import newest_ref
from ninefold.project.home import Home
from ninefold.project.learning import Learning, metric_thing
from ninefold.project.reading.graph import Graph
from ninefold.tables.incoming import read_rows as typed_rows
from ninefold.units import MINUTE

if TYPE_CHECKING:
    import polars as pl

# an answer asked further from the decision time than this says nothing about the decision
NEAR = 15 * MINUTE


def outcomes_frame(payloads: list[bytes]) -> "pl.DataFrame":
    """Outcomes of journal payloads: the key as JSON, the value as JSON, and when it was told (µs)."""
    import polars as pl

    schema = {"key": pl.String(), "value": pl.String(), "told": pl.Int64()}
    if not payloads:
        return pl.DataFrame(schema=schema)
    return pl.read_ndjson(b"\n".join(payloads), schema=schema)


def predictions(home: Home, endpoint: str, *, since: int | None = None, until: int | None = None) -> "pl.DataFrame":
    """The answers of an endpoint with decision times in ``[since, until)``, those just journalled included."""
    import polars as pl

    from ninefold.lake.roll import scan_both

    rows = scan_both(home.stored("predictions", endpoint), home.journal(f"predictions/{endpoint}"), log.frame, name=f"predictions/{endpoint}")
    q = pl.col("q").dt.timestamp("us")
    if since is not None:
        rows = rows.filter(q >= since)
    if until is not None:
        rows = rows.filter(q < until)
    return rows.collect()


def outcomes(home: Home, endpoint: str) -> "pl.DataFrame":
    """What came true, by key: the first that was told counts."""
    from ninefold.lake.roll import scan_both

    rows = scan_both(home.stored("outcomes", endpoint), home.journal(f"outcomes/{endpoint}"), outcomes_frame, name=f"outcomes/{endpoint}").collect()
    return rows.sort("told", maintain_order=True).unique("key", keep="first", maintain_order=True)


def with_outcomes(home: Home, learning: Learning, endpoint: str, rows: "pl.DataFrame", *, now: int, after: int) -> "pl.DataFrame":
    """Predictions with ``__label``, ``__state`` (open, settled, void), ``__day`` and the request's columns.

    ``after`` is the maturity: a question counts once ``q + after`` has passed, with what was known by then.
    """
    from ninefold.project.steps.training import local_day

    days = rows.with_columns(local_day(rows["q"].dt.timestamp("us"), learning.tz).alias("__day"))
    return with_truth(learning, days, outcomes(home, endpoint), now=now, after=after, home=home)


def with_truth(learning: Learning, rows: "pl.DataFrame", told: "pl.DataFrame", *, now: int, after: int, home: Home | None = None) -> "pl.DataFrame":
    """Predictions with ``__label`` and ``__state``, by the outcomes in ``told``; of a window ahead by its table, read from ``home``."""
    import polars as pl

    if learning.counted is not None:
        if home is None:
            raise DataError("outcomes of a window ahead are read from its table", hint="say of which home")
        return _counted(home, learning, rows, now=now, after=after)
    joined = rows.join(told, on="key", how="left", maintain_order="left")
    mature = pl.col("q").dt.timestamp("us") + after
    ripe = mature < now
    in_time = pl.col("told").is_not_null() & (pl.col("told") <= mature) & (pl.col("value") != "null")
    state = pl.when(~ripe).then(pl.lit("open")).when(in_time).then(pl.lit("settled")).otherwise(pl.lit("void"))
    frame = joined.with_columns(state.alias("__state"))
    label = _typed(frame, learning)
    return frame.with_columns(pl.when(pl.col("__state") == "settled").then(label).alias("__label")).drop("value")


def _counted(home: Home, learning: Learning, rows: "pl.DataFrame", *, now: int, after: int) -> "pl.DataFrame":
    """The truth of a window ahead: counted in its table as for training, with what is known now."""
    import polars as pl

    from ninefold.features.labels import LABEL, STATE, Maturity, labels
    from ninefold.project.views import view

    assert learning.counted is not None
    target, (name, table) = learning.problem.predict, learning.counted
    assert isinstance(target.label, Ahead)
    if not rows.height:
        truth = {"binary": pl.Boolean, "regression": pl.Float64}.get(learning.kind, pl.String)
        return rows.with_columns(pl.lit(None, pl.Int64).alias("told"), pl.lit(None, pl.String).alias(STATE), pl.lit(None, truth).alias(LABEL))
    asked = columns_of(home, learning, rows).with_columns(pl.col("q").dt.timestamp("us").alias("__q"))
    seen = view(home, name, table, as_of=now).collect()
    ripe = Maturity(target.label.window, after - target.label.window, "declared")
    found = labels(asked, target, learning.table, asked, as_of=now, ahead=(table, seen), maturity=ripe).frame
    label = found[LABEL].cast(pl.Float64) if learning.kind == "regression" else found[LABEL]
    return rows.with_columns(pl.lit(None, pl.Int64).alias("told"), found[STATE].alias(STATE), label.alias(LABEL))


def _typed(frame: "pl.DataFrame", learning: Learning) -> Any:
    import polars as pl

    if learning.kind == "binary":
        return pl.col("value") == "true"
    if learning.kind == "regression":
        return pl.col("value").cast(pl.Float64, strict=False)
    return pl.Series("value", [None if text is None else str(msgspec.json.decode(text)) for text in frame["value"].to_list()], dtype=pl.String)


def columns_of(home: Home, learning: Learning, rows: "pl.DataFrame") -> "pl.DataFrame":
    """The rows with the request's columns taken out of their JSON, in the types of the asked table."""
    import polars as pl

    if not rows.height:
        return rows
    schema = home.stored("tables", learning.asked).scan().collect_schema()
    types = {c: schema[c] for c in msgspec.json.decode(rows["row"][0]) if c in schema and c not in rows.columns}
    asked: pl.DataFrame = typed_rows([text.encode() for text in rows["row"].to_list()], types)
    return pl.concat([rows, asked], how="horizontal")


def judged_rows(rows: "pl.DataFrame") -> "pl.DataFrame":
    """Those that criteria count: settled or void, asked near the decision time."""
    import polars as pl

    return rows.filter((pl.col("__state") != "open") & (pl.col("lead").is_null() | (pl.col("lead").abs() <= NEAR)))


def maturity(home: Home, problem: str) -> int:
    """How long after its question a label counts, µs: what the last run recorded."""
    ref = newest_ref(home.ledger, home.project, f"questions/{problem}")
    if ref is None:
        raise DataError(f'the problem "{problem}" has not been run', hint="ninefold run")
    return int(ref["after"])


def judge(
    graph: Graph,
    home: Home,
    endpoint: str,
    *,
    now: int,
    after: int,
    window: int | None = None,
    version: int | None = None,
    since: int | None = None,
    until: int | None = None,
) -> list[dict[str, Any]]:
    """The problem's criteria on the mature questions of the last ``window`` (default: the problem's), or of ``[since, until)``.

    ``version`` judges what that version would have answered, where several scored every question.
    """
    name = graph.resolve(graph.things[endpoint].model, ("model",))[0]  # type: ignore[attr-defined]
    learning = Learning.of(graph, name)
    span = window or learning.problem.window
    begin = since if since is not None else now - after - span
    rows = predictions(home, endpoint, since=begin, until=until if until is not None else now)
    frame = with_outcomes(home, learning, endpoint, rows, now=now, after=after)
    counted = as_version(frame, version) if version is not None else frame
    return judge_rows(graph, home, learning, counted, endpoint=endpoint, now=now)


def judge_rows(graph: Graph, home: Home, learning: Learning, rows: "pl.DataFrame", *, endpoint: str, now: int | None = None) -> list[dict[str, Any]]:
    """The problem's criteria on predictions with their outcomes; metrics of ours see other tables as known at ``now``."""
    counted = _with_practice(learning, columns_of(home, learning, judged_rows(rows)))
    honest = left_alone(graph.things[endpoint], learning.kind, counted)  # type: ignore[arg-type]
    return [_judged(graph, home, learning, c, counted, honest, now) for c in learning.problem.solved_when]


def left_alone(endpoint: Endpoint, kind: str, rows: "pl.DataFrame") -> "pl.DataFrame":
    """The rows whose outcome acting has not changed, with ``__weight``; all of them where the endpoint says nothing of acting.

    A no is not acted on, and counts once. Of the others (a yes, a referral, every class and amount) those held out count, each
    for 1 / holdout of them. Where nobody was held out nothing is known of the others, and no row is left.
    """
    import polars as pl

    if endpoint.acted is None and endpoint.holdout == 0:
        return rows.with_columns(pl.lit(1.0).alias("__weight"))
    served = "__served" if "__served" in rows.columns else "decision"
    quiet = (pl.col(served) == 0).fill_null(False) if kind == "binary" else pl.lit(False)
    if endpoint.holdout == 0 and not rows.select(quiet.all()).item():
        return rows.clear().with_columns(pl.lit(1.0).alias("__weight"))
    weight = pl.when(quiet).then(1.0).otherwise(1 / max(endpoint.holdout, 1e-9))
    return rows.filter(quiet | pl.col("held")).with_columns(weight.alias("__weight"))


def _with_practice(learning: Learning, rows: "pl.DataFrame") -> "pl.DataFrame":
    """Beside the rows what today's practice said, where that is one of the model's inputs: as it was served."""
    import polars as pl

    practice = learning.problem.baseline
    if not isinstance(practice, str) or practice in rows.columns:
        return rows
    if practice not in learning.inputs:
        raise DataError(f'the baseline "{practice}" is no input of "{learning.name}"', hint="add its group to the model's features=")
    served = [msgspec.json.decode(text).get(practice) for text in rows["values"].to_list()]
    return rows.with_columns(pl.Series(practice, served, dtype=pl.Float64, strict=False))


def as_version(rows: "pl.DataFrame", version: int) -> "pl.DataFrame":
    """The rows that ``version`` scored, with its scores and decisions."""
    import polars as pl

    scored = rows.filter(pl.col("scores").str.json_path_match(f"$.{version}").is_not_null())
    return scored.with_columns(
        pl.col("scores").str.json_path_match(f"$.{version}").cast(pl.Float64, strict=False).alias("score"),
        pl.col("decisions").str.json_path_match(f"$.{version}").cast(pl.Int64, strict=False).alias("decision"),
        pl.col("decision").alias("__served"),
        pl.lit(version, pl.Int64).alias("version"),
    )


def of_classes(home: Home, learning: Learning, rows: "pl.DataFrame") -> tuple[Any, list[Any]]:
    """The scores by class of each row's own version, in one order of classes; a class that a version does not know has none."""
    import polars as pl

    from ninefold.models.records import version as version_of
    from ninefold.project.judging import levels

    own = {v: levels(home, version_of(home.ledger, home.project, learning.name, v).bundle) for v in rows["version"].unique().to_list()}
    came = rows["__label"].drop_nulls().unique(maintain_order=True).to_list()  # also what no version knows: it had no probability
    classes = list(dict.fromkeys([*(str(c) for known in own.values() for c in known), *came]))
    found = []
    for text, version in zip(rows["scores"].to_list(), rows["version"].to_list(), strict=True):
        given = dict(zip(map(str, own[version]), msgspec.json.decode(text)[str(version)], strict=True))
        found.append([given.get(c, 0.0) for c in classes])
    return pl.Series("score", found, dtype=pl.List(pl.Float64)), classes


def _judged(
    graph: Graph, home: Home, learning: Learning, criterion: Criterion, rows: "pl.DataFrame", honest: "pl.DataFrame", now: int | None
) -> dict[str, Any]:
    """``rows`` are all questions, which metrics of ours and the latency read; the built-in ones are measured on the ``honest`` ones."""
    import polars as pl

    from ninefold.metrics.judge import judge as judge_one
    from ninefold.metrics.latency import measure_latency
    from ninefold.project.judging import measure_rows

    name, metric = metric_thing(graph, criterion.metric)
    if not rows.height:
        measured = None
    elif isinstance(metric, Custom):
        measured = _custom(graph, home, learning, name, metric, rows, now)
    elif isinstance(metric, Metric) and metric.name == "latency":
        alone = rows.filter(pl.col("together") == 1)["micros"].to_list()
        measured = measure_latency(metric, [m / 1e6 for m in alone]) if alone else None
    elif not honest.height:
        measured = None
    else:
        score, classes = of_classes(home, learning, honest) if learning.kind == "multiclass" else (honest["score"], [])
        truth, decision, day, weight = (honest[c] for c in ("__label", "decision", "__day", "__weight"))
        measured = measure_rows(learning, metric, truth, score, decision, day, honest, classes=classes, weight=weight)
    slices = [msgspec.to_builtins(s) for s in measured.slices] if measured is not None else []
    return {**msgspec.to_builtins(judge_one(criterion, measured)), "metric": name, "slices": slices, "void": getattr(measured, "void", 0)}


def _custom(graph: Graph, home: Home, learning: Learning, name: str, metric: Custom, rows: "pl.DataFrame", now: int | None) -> Any:
    import polars as pl

    from ninefold.metrics.custom import evaluate

    told = rows.with_columns(
        pl.col("q").alias("asked_at"),
        pl.col("__label").alias("outcome"),
        pl.col("held").alias("holdout") if "held" in rows.columns else pl.lit(False).alias("holdout"),
    )
    frames: dict[str, Any] = {}
    answers = None
    parameters = graph.parameters(name)
    for bound in parameters:
        if bound.kind == "predictions":
            frames[bound.name], answers = _in_zone(told, learning.tz).lazy(), bound.name
        elif bound.kind == "rows":
            frames[bound.name] = _in_zone(read_rows(graph, home, str(bound.thing), now), learning.tz).lazy()
    kinds = {bound.name: bound.annotation for bound in parameters}
    return evaluate(metric, frames, day="__day" if answers else None, rows=answers or "", name=name, annotations=kinds)


def _in_zone(frame: "pl.DataFrame", tz: str | None) -> "pl.DataFrame":
    """All times in the asked table's zone, so that a metric may compare them."""
    import polars as pl

    from ninefold.features.training import in_zones

    return in_zones(frame, {c: tz or "UTC" for c, t in frame.schema.items() if isinstance(t, pl.Datetime)})


def read_rows(graph: Graph, home: Home, name: str, now: int | None = None) -> "pl.DataFrame":
    """All rows of a table as known at ``now``, or of collected events, for a metric."""
    from ninefold.project.live.events import collected
    from ninefold.project.views import view, visible
    from ninefold.sources.events import Events

    thing = graph.things[name]
    if thing.noun == "table":
        return visible(view(home, name, thing, as_of=now)).collect()  # type: ignore[arg-type]
    if isinstance(thing, Events):
        return collected(home, name, thing).collect()
    found: pl.DataFrame = home.stored("sources", name).scan().collect()
    return found
