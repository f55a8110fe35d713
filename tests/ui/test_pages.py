"""Every page, empty and filled: it renders, it is small, it says what its JSON says, and it believes nobody's text."""

import re
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ninefold import config
from ninefold.project.home import Home
from ninefold.ui.pages import PAGES
from ninefold.ui.reading import Reading
from ninefold.ui.static_files import NAMES, path_of
from ninefold.web.shapes import UnknownCallerError

from .conftest import Get, getter

INCIDENT = "parcels-watch-change-2024-02-28"
LARGEST = 60_000  # bytes of a page with its style sheet and script
NAMES_OF = {
    "/problems/{name}": "lateness",
    "/sources/{name}": "orders",
    "/tables/{name}": "parcels",
    "/tables/{name}/{version}": "parcels/0",
    "/metrics/{name}": "share_answered",
    "/hypotheses/{name}": "congestion",
    "/features/{name}": "load",
    "/models/{name}": "forecast",
    "/models/{name}/{version}": "forecast/1",
    "/models/{name}/{version}/card": "forecast/1/card",
    "/endpoints/{name}": "dispatch",
    "/endpoints/{name}/report": "dispatch/report",
    "/monitors/{name}": "watch",
    "/incidents/{name}": INCIDENT,
    "/items/{name}": "item-1",
    "/traces/{name}": "trace-1",
    "/facts/{seq}": "5",
}


# paths below /api where a noun's own API answers, which is not among the pages
NOT_OURS = {"/api" + page.path for page in PAGES if not page.api}


def paths(get: Get) -> Iterator[str]:
    """The path of every page, with a name that there is."""
    for page in PAGES:
        if page.path == "/runs/{name}":
            yield get("/api/runs").json["runs"][0]["path"]
        elif page.path == "/predictions/{name}":
            yield get("/api/predictions").json["endpoints"][0]["latest"][0]["path"]
        else:
            yield page.path.partition("{")[0] + NAMES_OF.get(page.path, "")


class Outline(HTMLParser):
    """Headings, ids, tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.attributes: set[str] = set()
        self.hrefs: list[str] = []
        self.inline: list[str] = []
        self._script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        self.attributes |= set(given)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.hrefs.append(given["href"])
        self._script = tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.inline.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._script = False


def test_every_page_renders_with_one_first_heading_in_order(filled: Get) -> None:
    for path in paths(filled):
        got = filled(path)
        assert got.status == 200, path
        headings = Outline(got.text).headings
        assert headings.count(1) == 1 and all(b - a <= 1 for a, b in zip([0, *headings], headings, strict=False)), path


def test_every_page_is_small(filled: Get) -> None:
    static = sum(len(filled(path_of(name)).body) for name in NAMES)
    sizes = {path: static + len(filled(path).body) for path in paths(filled)}
    assert max(sizes.values()) <= LARGEST, sizes


def test_every_page_takes_at_most_50_ms_of_the_processor_once_seen(filled: Get) -> None:
    def took(path: str) -> float:
        began = time.process_time()
        filled(path)
        return time.process_time() - began

    least = {path: min(took(path) for _ in range(4)) for path in paths(filled)}
    assert max(least.values()) <= 0.05, least


def test_every_page_is_clean_of_inline_code_and_double_ids(filled: Get) -> None:
    for path in paths(filled):
        outline = Outline(filled(path).text)
        assert not outline.inline and "style" not in outline.attributes and not any(a.startswith("on") for a in outline.attributes), path
        assert len(outline.ids) == len(set(outline.ids)), path


def test_every_link_of_every_page_leads_somewhere(filled: Get) -> None:
    seen = {h.partition("#")[0] for path in paths(filled) for h in Outline(filled(path).text).hrefs if h.startswith("/")}
    assert {h: filled(h).status for h in seen - NOT_OURS if filled(h).status != 200} == {}


def test_every_page_has_its_json(filled: Get) -> None:
    for path in {p for p in paths(filled) if f"/api{p}" not in NOT_OURS}:
        assert filled(f"/api{path}").status == 200, path


def test_who_asks_for_json_gets_it_at_the_same_address(filled: Get) -> None:
    for path in {p for p in paths(filled) if f"/api{p}" not in NOT_OURS}:
        got, api = filled(path, accept="application/json"), filled(f"/api{path}")
        assert got.headers["content-type"] == "application/json" and got.json == api.json, path
        assert got.headers["vary"] == filled(path).headers["vary"] == "accept"


def test_a_browser_gets_errors_as_pages_and_a_program_as_json(filled: Get) -> None:
    page, data = filled("/nowhere", accept="text/html,*/*"), filled("/nowhere", accept="*/*")
    assert page.status == data.status == 404
    assert "<h1>There is nothing at /nowhere.</h1>" in page.text and "parcels" not in page.text
    assert data.json["error"]["code"] == "not_found"
    assert filled("/api/nowhere", accept="text/html").json["error"]["code"] == "not_found"


def test_who_is_not_signed_in_gets_a_page_that_tells_nothing_of_the_project(folder: Path) -> None:
    def nobody(call: Any) -> None:
        raise UnknownCallerError("this needs somebody who is signed in")

    with Home(config.load(folder), "parcels") as home:
        get = getter(home, permit=nobody)
        page, data = get("/", accept="text/html"), get("/", accept="application/json")
    assert page.status == data.status == 401 and page.headers["www-authenticate"] == "Bearer"
    assert "<h1>This needs somebody who is signed in.</h1>" in page.text and "parcels" not in page.text


def test_around_a_page_stands_only_what_means_something(filled: Get, empty: Get) -> None:
    assert "Times are in UTC. " in empty("/").text and "hover for UTC" not in empty("/").text
    assert 'class="whole"' in filled("/").text and 'class="whole"' not in empty("/").text


def test_the_beginning_of_a_name_is_not_the_name(filled: Get) -> None:
    assert filled("/tables/parcel").status == 404 and "parcels" in filled("/tables/parcel").text


def test_the_page_says_what_its_json_says(filled: Get) -> None:
    page, data = filled("/models/forecast").text, filled("/api/models/forecast").json
    assert f"{data['evidence']['winner']} won" in page
    assert all(c["name"] in page for c in data["evidence"]["candidates"])


def test_pages_render_where_nothing_has_run(empty: Get) -> None:
    lists = [p.path for p in PAGES if "{" not in p.path]
    assert {p: empty(p).status for p in lists if empty(p).status != 200} == {}
    assert "ninefold run" in empty("/").text


@pytest.mark.parametrize("path", ["/tables/nope", "/models/forecast/99", "/facts/99999999", "/predictions/none", "/runs/none", "/~other/tables"])
def test_what_is_not_there_is_a_page_that_says_so(filled: Get, path: str) -> None:
    got = filled(path)
    assert got.status == 404 and "<h1>" in got.text and got.headers["content-type"].startswith("text/html")


def test_json_of_what_is_not_there_is_an_error_in_our_shape(filled: Get) -> None:
    got = filled("/api/tables/nope")
    assert got.status == 404 and got.json["error"]["hint"].startswith("there is")


def test_paths_with_the_project_keep_it_in_their_links(filled: Get) -> None:
    hrefs = [h for h in Outline(filled("/~parcels/models").text).hrefs if h.startswith("/")]
    assert hrefs and all(h.startswith("/~parcels/") for h in hrefs)


def test_static_files_stay_for_good_under_the_name_of_their_content(filled: Get) -> None:
    got = filled(path_of("ninefold.css"))
    assert "immutable" in got.headers["cache-control"] and got.headers["content-type"].startswith("text/css")
    assert filled("/-/static/ninefold.000000000000.css").status == 404


def test_what_is_simulated_says_so(filled: Get) -> None:
    assert "Simulated, by a rule of this test." in filled("/sources/orders").text


def test_every_sentence_of_a_card_leads_to_its_facts(filled: Get) -> None:
    told = filled("/api/models/forecast/1/card").json
    parts = [p for c in told["chapters"] for p in c["parts"]]
    cited = [p["facts"] for p in parts if p["text"]] + [r["facts"] for p in parts for r in p["rows"]]
    assert len(cited) > 20 and all(cited)
    assert all(f'href="/facts/{facts[0]}"' in filled("/models/forecast/1/card").text for facts in cited)


def test_the_same_over_and_over_is_told_once(tmp_path: Path) -> None:
    with Home(config.load(tmp_path), "many") as home:
        home.ledger.record("project.declared", "many/project", {"digest": "", "files": {}, "things": {"rows": {"noun": "table"}}})
        for n in range(5):
            home.ledger.record("table.quarantined", "many/table/rows", {"rows": n, "reasons": {}})
        history = getter(home)("/api/tables/rows").json["thing"]["history"]
    assert [(h["kind"], h["like"]) for h in history] == [("table.quarantined", 4)]


def test_what_is_costly_lags_behind_its_stamp_and_what_is_not_follows(tmp_path: Path) -> None:
    with Home(config.load(tmp_path), "slow") as home:
        reading = Reading(home)
        for stamp in (1, 2):
            cheap = reading.lasting("cheap", stamp, lambda stamp=stamp: stamp)
            costly = reading.lasting("costly", stamp, lambda stamp=stamp: time.sleep(0.06) or stamp)
    assert (cheap, costly) == (2, 1)


def test_the_log_of_facts_can_be_narrowed_and_turned(tmp_path: Path) -> None:
    with Home(config.load(tmp_path), "many") as home:
        for n in range(60):
            home.ledger.record("step.done" if n % 2 else "run.done", "many/run", {"n": n})
        get = getter(home)
        assert {f["kind"] for f in get("/api/facts?kind=step.done").json["lines"]} == {"step.done"}
        first = get("/api/facts").json
        older = get(f"/api/facts?before={first['older']}").json
        assert older["lines"][0]["seq"] == first["lines"][-1]["seq"] - 1 and older["older"] is None


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}'
    with Home(config.load(tmp_path), "evil", actor=evil) as home:
        thing = {"noun": "table", "doc": evil, "where": evil, "source": evil, "needs": [], "says": {evil: evil}}
        home.ledger.record("project.declared", "evil/project", {"digest": "", "files": {}, "things": {evil: thing}})
        reasons = {evil: 3}
        body = {"version": 0, "rows": 3, "columns": 1, "quarantined": 3, "reasons": reasons, "inputs": {evil: evil}, "content": evil}
        home.ledger.record("table.written", f"evil/table/{evil}@0", body)
        home.ledger.record("run.failed", "evil/run", {"error": evil})
        get = getter(home)
        for path in ("/", "/tables", f"/tables/{evil.replace('/', '%2F')}", "/facts", "/facts?subject=%22%3E%3Cscript%3E", "/facts/1", "/runs"):
            got = get(path)
            assert got.status == 200, (path, got.text[:300])
            assert "<script>alert" not in got.text and "<img" not in got.text and ">49" not in got.text
            assert not Outline(got.text).inline


def test_a_monitor_tells_what_is_expected_of_open_questions(filled: Get) -> None:
    text = filled("/monitors/watch").text
    assert "80 questions asked and not yet mature" in text and "the same scores still mean the same; 2 % of the scores lie outside" in text
    assert "<strong>cost</strong> about 0.830 of the baseline" in text and "0.700 from the scores alone, corrected by 380 mature questions" in text
    assert 'stroke-dasharray="4 3"' in text and "estimated to be 0.600 over the days that are still open" in text
