"""What people do with the pages, in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest

from ninefold import config
from ninefold.project.home import Home

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SEEN = (
    "/",
    "/problems/lateness",
    "/sources/orders",
    "/tables/parcels",
    "/metrics",
    "/hypotheses",
    "/hypotheses/congestion",
    "/features/load",
    "/models",
    "/models/forecast",
    "/endpoints/dispatch",
    "/monitors/watch",
    "/incidents",
    "/items",
    "/runs",
    "/predictions",
    "/facts",
    "/facts/5",
)


def test_from_the_home_page_to_the_model_its_candidate_and_a_prediction(visit: Callable[..., Any]) -> None:
    page = visit().go("/")
    page.get_by_role("main").get_by_role("link", name="forecast", exact=True).first.click()
    page.get_by_role("link", name="linear", exact=True).first.click()
    assert page.url.endswith("#candidate-linear")
    page.get_by_role("navigation", name="Contents").get_by_role("link", name="Predictions").click()
    page.get_by_role("link", name="why").first.click()
    assert page.get_by_role("heading", name="What the model read").is_visible()
    page.get_by_role("link", name="Show the rows behind each value").click()
    assert page.get_by_text("the batch gives the same").first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_and_no_page_is_wider_than_the_window(visit: Callable[..., Any], axe: str, scheme: str, width: int) -> None:
    made = visit(width=width, scheme=scheme, bypass=True)
    for path in SEEN:
        page = made.go(path)
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
