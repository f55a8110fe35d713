"""The pages as routes: each as HTML, and the same data as JSON under ``/api``."""

import threading
from collections.abc import AsyncIterator, Callable
from functools import cache
from typing import Any, NamedTuple, get_type_hints
from urllib.parse import quote

from ninefold.accounts.caller import LOCAL
from ninefold.errors import NinefoldError, NotFoundError, closest
from ninefold.project.explaining.status import NOUNS
from ninefold.project.home import Home
from ninefold.ui import live, run_files, static_files
from ninefold.ui.reading import Reading
from ninefold.ui.rendering import Renderer
from ninefold.ui.views import (
    comparing,
    documents,
    endpoints,
    experiments,
    facts,
    features,
    home,
    hypotheses,
    items,
    metrics,
    models,
    monitors,
    predictions,
    problems,
    runs,
    sources,
    tables,
    traces,
    tracked,
    tracked_list,
)
from ninefold.ui.views.frame import frame
from ninefold.ui.views.thing import ListPage, listing
from ninefold.units import plural
from ninefold.web.call import Answer, Call, ServerEvent
from ninefold.web.route import Route, route
from ninefold.web.shapes import status_of

READERS = ("viewer", "scientist", "operator", "approver", "auditor", "administrator")
HTML = "text/html; charset=utf-8"
VARY = [("vary", "accept")]
# those with a plan, and those that only clients log to
_PROJECTS = """
select project, max(at) as newest from (
    select project, at from plans
    union all select project, updated from experiments
    union all select project, updated from registered
) known group by project order by newest desc
"""


class Page(NamedTuple):
    """A page: its path, what makes its data (from the reading, the path's parameters by name, and the query), its template.

    ``api``: whether the same data is at ``/api``, where nothing else is. ``searches`` as of a Route.
    """

    path: str
    view: Callable[..., Any]
    template: str
    summary: str
    query: type | None = None
    api: bool = True
    searches: bool = False


def wants_json(accept: str) -> bool:
    """Whether a caller asks for data rather than a page.

    >>> wants_json("application/json"), wants_json("text/html,application/json;q=0.9"), wants_json("*/*")
    (True, False, False)
    """
    return "application/json" in accept and "text/html" not in accept


def _list(noun: str) -> Callable[[Reading], ListPage]:
    def view(reading: Reading) -> ListPage:
        return listing(reading, noun)

    return view


PAGES = (
    Page("/", home.home, "home.html", "Is the problem solved; the nine stages; what waits for whom."),
    Page("/metrics", metrics.metrics, "metrics.html", "All metrics and criteria."),
    Page("/hypotheses", hypotheses.hypotheses, "hypotheses.html", "All hypotheses with their verdicts."),
    *(Page(f"/{plural(n)}", _list(n), "list.html", f"All {plural(n)}.") for n in NOUNS if n not in {"metric", "hypothesis"}),
    Page("/problems/{name}", problems.problem, "problem.html", "A problem: its standing, criteria, policies."),
    Page("/sources/{name}", sources.source, "source.html", "A source: what was read."),
    Page("/tables/{name}", tables.table, "table.html", "A table: versions, profile, quarantine."),
    Page("/tables/{name}/{version}", tables.table, "table.html", "A version of a table."),
    Page("/metrics/{name}", metrics.metric, "metric.html", "A metric, and the criteria that ask for it."),
    Page("/hypotheses/{name}", hypotheses.hypothesis, "hypothesis.html", "A hypothesis: verdict, effect, interval."),
    Page("/features/{name}", features.features, "features.html", "A group of features."),
    Page("/models/{name}", models.model, "model.html", "A model: the competition of its newest version."),
    Page("/models/{name}/{version}", models.model, "model.html", "A version of a model with its evidence."),
    Page("/models/{name}/{version}/card", documents.model_card, "document.html", "The card of a model's version."),
    Page("/endpoints/{name}", endpoints.endpoint, "endpoint.html", "An endpoint: releases, volume, latency."),
    Page("/endpoints/{name}/report", documents.report, "document.html", "The release report of an endpoint."),
    Page("/monitors/{name}", monitors.monitor, "monitor.html", "A monitor over time, with its incidents."),
    Page("/incidents", monitors.incidents, "incidents.html", "All incidents."),
    Page("/incidents/{name}", monitors.incident, "incident.html", "An incident: cause, findings, action."),
    Page("/items", items.items, "items.html", "Work items: what waits for whom."),
    Page("/items/{name}", items.one, "item.html", "A work item."),
    Page(
        "/runs",
        runs.runs,
        "runs.html",
        "Runs of scripts and clients, found by a filter, and runs of the project.",
        tracked_list.TrackedQuery,
        searches=True,
    ),
    Page("/runs/compare", comparing.compare, "comparing.html", "Runs side by side: what differs, and their curves.", comparing.CompareQuery),
    Page("/runs/{name}", runs.run, "run.html", "A run: steps, or parameters, metrics and files.", tracked.RunQuery),
    Page("/experiments", experiments.experiments, "experiments.html", "All experiments.", api=False),
    Page("/traces", traces.traces, "traces.html", "Traces of an experiment or a run.", traces.TracesQuery),
    Page("/traces/{name}", traces.trace, "trace.html", "A trace: its spans over time, and what was judged of it."),
    Page("/predictions", predictions.predictions, "predictions.html", "The newest answers."),
    Page("/predictions/{name}", predictions.prediction, "prediction.html", "One answer, and why.", predictions.PredictionQuery),
    Page("/facts", facts.log, "facts.html", "The log of facts.", facts.FactsQuery),
    Page("/facts/{seq}", facts.one, "fact.html", "One fact."),
)


class Site:
    """The pages of a server: the projects of its home, and the templates."""

    def __init__(self, home: Home) -> None:
        self.home, self.renderer = home, renderer()
        self._readings = {home.project: Reading(home)}
        self._lock = threading.Lock()

    def reading(self, call: Call) -> Reading:
        """The project of a call. Raises NotFoundError where there is none of that name, with the nearest that the caller may see."""
        name = call.project if call.project is not None else self.home.project
        with self._lock:
            if name not in self._readings:
                if name not in self.projects():
                    raise NotFoundError(f'there is no project "{name[:60]}"', hint=closest(name, self.seen(call)))
                self._readings[name] = Reading(Home(self.home.settings, name, actor=self.home.actor))
            return self._readings[name]

    def projects(self) -> list[str]:
        """The projects that ran here or that clients logged to, the newest first."""
        return [row["project"] for row in self.home.ledger.all(_PROJECTS)]

    def seen(self, call: Call) -> list[str]:
        """The projects that the caller has a role in: nobody learns the names of others."""
        return self.projects() if call.who is None else [name for name in self.projects() if call.who.roles_in(name)]

    def data(self, page: Page, call: Call) -> Any:
        """What a page shows."""
        given = {"query": call.query(page.query)} if page.query is not None else {}
        return page.view(self.reading(call), **call.params, **given)

    def html(self, page: Page, call: Call) -> Answer:
        """A page; an error is a page too, with its status."""
        prefix = f"/~{call.project}" if call.project is not None else ""
        path = call.path.removeprefix(prefix) or "/"
        try:
            shown, template, status = self.data(page, call), page.template, 200
        except NinefoldError as error:
            shown, template, status = {"message": error.message, "hint": error.hint}, "error.html", status_of(error)
        try:
            reading = self.reading(call)
        except NotFoundError:
            if call.who is not None and call.who.roles_in(self.home.project).isdisjoint(READERS):
                raise  # what stands around the page would tell of the project that the server serves
            reading, prefix = self._readings[self.home.project], ""
        around = frame(reading, quote(path), prefix, self.seen(call))
        around.who = "" if call.who is None or call.who is LOCAL else call.who.name
        return Answer(self.renderer.page(template, shown, around), status=status, type=HTML, headers=VARY)


def routes(home: Home) -> list[Route]:
    """The routes of all pages of a home, their JSON, the static files, and the events of open pages."""
    site = Site(home)
    made = [each for page in PAGES for each in _both(site, page)]

    async def events(call: Call) -> AsyncIterator[ServerEvent]:
        """Say when the ledger has grown, so that open pages load themselves anew."""
        after = call.headers.get("last-event-id") or call.query().get("after", "0")
        known = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
        async for event in live.heads(site.reading(call), known, call.query().get("run", "")[:100]):
            yield event

    def static(call: Call, name: str) -> Answer:
        """The style sheet and the script."""
        return static_files.answer(name)

    def file(call: Call, name: str, path: str) -> Answer:
        """A file of a run, to be saved."""
        return run_files.answer(site.reading(call), name, path)

    made.append(route("GET", "/runs/{name}/files/{path:path}", file, who=READERS, kind="stream", blocking=True))
    made.append(route("GET", "/-/events", events, who=READERS, kind="events"))
    made.append(route("GET", "/-/static/{name}", static, who="public", kind="page"))
    return made


@cache
def renderer() -> Renderer:
    """The templates of this process."""
    return Renderer()


def refused(error: NinefoldError, status: int) -> bytes:
    """An error before any page was found or allowed, for a person: it tells nothing of the project."""
    return renderer().bare(error, status).encode()


def _both(site: Site, page: Page) -> list[Route]:
    def html(call: Call) -> Answer:
        if wants_json(call.headers.get("accept", "")):
            return Answer(site.data(page, call), headers=VARY)
        return site.html(page, call)

    def data(call: Call) -> Any:
        return site.data(page, call)

    given = get_type_hints(page.view).get("return")
    both: Any = {"who": READERS, "summary": page.summary, "blocking": True, "query": page.query, "searches": page.searches}
    made = [route("GET", page.path, html, kind="page", **both)]
    if page.api:
        made.append(route("GET", f"/api{page.path}", data, answer=given, **both))
    return made
