"""What people do with the pages, in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest

from ninefold import config
from ninefold.project.home import Home

INCIDENT = "parcels-watch-change-2024-02-28"
pytestmark = [pytest.mark.browser, pytest.mark.slow]
SEEN = (
    "/",
    "/problems/lateness",
    "/sources/orders",
    "/tables/parcels",
    "/tables/parcels/0",
    "/metrics",
    "/metrics/share_answered",
    "/hypotheses",
    "/hypotheses/congestion",
    "/features/load",
    "/models",
    "/models/forecast",
    "/models/forecast/1/card",
    "/endpoints/dispatch",
    "/endpoints/dispatch/report",
    "/monitors/watch",
    "/incidents",
    f"/incidents/{INCIDENT}",
    "/items",
    "/items/item-1",
    "/runs",
    "/runs/compare",
    "/experiments",
    "/traces",
    "{run}",
    "/predictions",
    "{prediction}",
    "{prediction}?rows=1",
    "/facts",
    "/facts/5",
)


def data(visit: Any, path: str) -> Any:
    """The JSON of a page."""
    return visit.context.request.get(f"{visit.base}{path}", headers={"accept": "application/json"}).json()


def newest(visit: Any) -> Any:
    """The newest answer."""
    return data(visit, "/predictions")["endpoints"][0]["latest"][0]


def test_from_why_it_is_not_solved_to_the_competition_and_the_rows_behind_one_answer(visit: Callable[..., Any]) -> None:
    page = visit().go("/")
    page.get_by_role("link", name="problem lateness").click()
    assert page.locator("p.answer .verdict").inner_text() == "not yet known"
    page.get_by_role("table").first.get_by_role("link", name="in production").first.click()
    assert page.get_by_role("heading", name="problem.judged").is_visible()
    page.go_back()
    page.locator("svg.lineage").get_by_role("link", name="model forecast").click()
    assert page.get_by_role("heading", name="The competition").is_visible()
    page.get_by_role("link", name="linear", exact=True).first.click()
    assert page.url.endswith("#candidate-linear")
    page.get_by_role("navigation", name="Contents").get_by_role("link", name="Predictions").click()
    page.get_by_role("link", name="why").first.click()
    assert page.get_by_role("heading", name="What the model read").is_visible()
    page.get_by_role("link", name="Show the rows behind each value").click()
    assert page.get_by_text("the batch gives the same").first.is_visible()
    assert page.locator("svg.signed").count() == page.locator("#h-values ~ div tbody tr").count()


def test_a_row_in_quarantine_is_shown_with_its_reason(visit: Callable[..., Any]) -> None:
    made = visit()
    aside = data(made, "/tables/parcels")["aside"]
    rows = made.go("/tables/parcels").get_by_label("Rows in quarantine", exact=True).locator("tbody tr")
    assert rows.count() == len(aside) > 0
    assert rows.first.locator("td").first.inner_text() == aside[0][0]


def test_from_the_mark_beside_monitors_to_the_incident_and_its_work_item(visit: Callable[..., Any]) -> None:
    page = visit().go("/")
    page.get_by_role("navigation", name="Contents").get_by_role("link", name="Monitors needs attention").click()
    page.get_by_role("link", name="watch", exact=True).first.click()
    page.get_by_role("link", name="Inputs moved").first.click()
    assert page.get_by_text("weight has moved").first.is_visible()
    page.get_by_role("navigation", name="Contents").get_by_role("link", name="Items").click()
    page.get_by_role("link", name="Better features are needed").click()
    assert page.get_by_text("ninefold items close item-1").is_visible()
    page.get_by_role("link", name=INCIDENT).click()
    assert page.url.endswith(f"/incidents/{INCIDENT}")


def test_a_sentence_of_the_card_leads_to_its_fact(visit: Callable[..., Any]) -> None:
    page = visit().go("/models/forecast")
    page.get_by_role("link", name="its card").click()
    page.get_by_role("main").get_by_role("link", name="fact").first.click()
    assert "/facts/" in page.url and page.get_by_role("heading", name="Body").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_dark_is_dark_and_light_is_light(visit: Callable[..., Any], scheme: str) -> None:
    page = visit(scheme=scheme).go("/")
    paper, ink = (
        sum(int(n) for n in page.evaluate(f"getComputedStyle(document.documentElement).{what}").removeprefix("rgb(").rstrip(")").split(","))
        for what in ("backgroundColor", "color")
    )
    assert (paper < 150 and ink > 600) if scheme == "dark" else (paper > 600 and ink < 150)


def test_what_is_not_there_is_a_page_that_leads_home(visit: Callable[..., Any]) -> None:
    made = visit()
    for path in ("/nowhere", "/tables/nope"):
        made.go(path).get_by_role("link", name="Home").first.click()
        made.page.wait_for_url("**/")
    assert made.wrong and all("404" in w for w in made.wrong)
    made.wrong.clear()


def test_a_table_is_sorted_with_the_keyboard_alone(visit: Callable[..., Any]) -> None:
    page = visit().go("/runs")
    page.locator("table.sortable thead button").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("th[aria-sort=ascending]").inner_text() == page.evaluate("document.activeElement.textContent")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_and_no_page_is_wider_than_the_window(visit: Callable[..., Any], axe: str, scheme: str, width: int) -> None:
    made = visit(width=width, scheme=scheme, bypass=True)
    named = {"run": data(made, "/runs")["runs"][0]["path"], "prediction": newest(made)["path"]}
    for path in SEEN:
        page = made.go(path.format(**named))
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        page.evaluate(axe)
        found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']})")
        assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == [], path


def test_a_column_is_sorted_by_its_numbers_both_ways(visit: Callable[..., Any]) -> None:
    page = visit().go("/tables/parcels")
    head = page.locator("table.profile thead th", has_text="Distinct")
    told = []
    for _ in range(2):
        head.get_by_role("button").click()
        told.append(page.eval_on_selector_all("table.profile tbody tr", "rows => rows.map(r => Number(r.cells[r.cells.length - 2].dataset.sort))"))
    assert told[0] == sorted(told[0]) and told[1] == told[0][::-1]
    assert head.get_attribute("aria-sort") == "descending"


def test_g_and_a_letter_go_places(visit: Callable[..., Any]) -> None:
    page = visit().go("/models")
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_url("**/")
    page.keyboard.press("g")
    page.keyboard.press("3")
    page.wait_for_url("**/tables")


def test_an_open_page_tells_of_a_new_fact_by_itself(visit: Callable[..., Any], tiny: Any) -> None:
    page = visit().go("/facts")
    page.wait_for_timeout(500)
    with Home(config.load(tiny), "parcels", actor="grace") as home:
        home.ledger.record("backup.made", "parcels/run", {"text": "kept in a safe place"})
    page.get_by_text("kept in a safe place").wait_for(timeout=15_000)


def test_the_first_tab_skips_to_the_content(visit: Callable[..., Any]) -> None:
    page = visit().go("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_pages_can_be_read_without_script(browser: Any, pages: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(pages + "/models/forecast")
    assert page.get_by_role("heading", name="The competition").is_visible()
    context.close()
