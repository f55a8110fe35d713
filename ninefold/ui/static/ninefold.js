// Pages work without this. It keeps an open page fresh, sorts tables, and knows a few keys.
"use strict";
const body = document.body;

// sorting: a head cell of a sortable table becomes a button; data-sort holds the number behind what is shown
function sortable(root) {
  for (const head of root.querySelectorAll("table.sortable thead th")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(head));
  }
}
function sort(head) {
  const table = head.closest("table"), rows = [...table.tBodies[0].rows], at = head.cellIndex;
  const down = head.getAttribute("aria-sort") === "ascending";
  const value = (row) => row.cells[at]?.dataset.sort ?? row.cells[at]?.textContent.trim() ?? "";
  const number = (text) => (text === "–" || text === "" ? -Infinity : Number(text.replace(/[,%\s]/g, "").replace("−", "-")));
  const numbers = rows.every((row) => !Number.isNaN(number(value(row))));
  rows.sort((a, b) => (numbers ? number(value(a)) - number(value(b)) : value(a).localeCompare(value(b))) * (down ? -1 : 1));
  for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  table.tBodies[0].append(...rows);
}

// addresses that MLflow's clients print lead to the same things here
const FRAGMENTS = [
  [/^#\/experiments\/\d+\/runs\/([\w-]+)/, "/runs/"],
  [/^#\/models\/([^/?]+)\/versions\/(\d+)/, "/models/"],
  [/^#\/models\/([^/?]+)/, "/models/"],
  [/^#\/experiments/, "/experiments"],
];
for (const [pattern, to] of FRAGMENTS) {
  const found = location.hash.match(pattern);
  if (found) {
    location.replace(body.dataset.prefix + to + found.slice(1).join("/"));
    break;
  }
}

// keys: g, then a letter or a stage's number
const GO = { h: "/", f: "/facts", r: "/runs", i: "/incidents", w: "/items", p: "/predictions" };
const STAGES = ["problems", "sources", "tables", "metrics", "hypotheses", "features", "models", "endpoints", "monitors"];
let went = 0;
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  const since = event.timeStamp - went;
  if (event.key === "g") {
    went = event.timeStamp;
    return;
  }
  const to = GO[event.key] ?? (STAGES[event.key - 1] && "/" + STAGES[event.key - 1]);
  if (since < 1500 && to) location.assign(body.dataset.prefix + to);
});

// live: the ledger has grown, so the page is fetched again and its main part put in place
let behind = false, busy = false, last = 0;
async function renew() {
  if (busy || document.hidden) return void (behind = true);
  const wait = last + 2000 - performance.now();
  if (wait > 0) return void setTimeout(renew, wait);
  if (!getSelection().isCollapsed || document.querySelector("main table [aria-sort], main :focus:not(a)")) return void (behind = true);
  busy = true;
  behind = false;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.ok) replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    behind = true; // the server is away: the event stream connects again by itself, and asks once more
  } finally {
    busy = false;
    last = performance.now();
  }
}
function replace(next) {
  const open = [...document.querySelectorAll("main details")].map((one) => one.open);
  for (const part of ["main", ".masthead", ".contents", "footer"]) {
    const now = document.querySelector(part), then = next.querySelector(part);
    if (!now || !then || now.innerHTML === then.innerHTML) continue;
    now.replaceChildren(...then.childNodes);
    if (part === "main") sortable(now);
  }
  document.querySelectorAll("main details").forEach((one, i) => (one.open = open[i] ?? one.open));
  document.title = next.title;
}
document.addEventListener("visibilitychange", () => behind && renew());
addEventListener("focusout", () => behind && setTimeout(renew, 500));

sortable(document);
if (body.dataset.events) new EventSource(body.dataset.events).addEventListener("head", renew);
