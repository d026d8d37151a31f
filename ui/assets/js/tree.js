// A tree: the rows below one are fetched when it is opened, and hidden when it is closed. By keyboard as a treegrid
// (WAI-ARIA): up and down move, the arrow in reading direction opens and goes down, the other one closes and goes up.
import { announce } from "./announce.js";
import { onKey } from "./keyboard.js";
import { tell } from "./notice.js";
import { rememberList } from "./places.js";
import { get } from "./request.js";

const tree = document.querySelector("[data-tree]");
const all = () => [...tree.querySelectorAll("tbody > tr")];
const shown = () => all().filter((row) => !row.hidden);
const level = (row) => Number(row.getAttribute("aria-level"));
const isOpen = (row) => row.getAttribute("aria-expanded") === "true";
const current = () => tree.querySelector("tr[tabindex='0']");

/** The rows below one, however deep. */
function below(row) {
  const found = [];
  for (let next = row.nextElementSibling; next && level(next) > level(row); next = next.nextElementSibling) found.push(next);
  return found;
}

const above = (row) => all().slice(0, all().indexOf(row)).findLast((one) => level(one) < level(row));

async function open(row) {
  if (!below(row).length && !(await fetchBelow(row))) return;
  row.setAttribute("aria-expanded", "true");
  let closed = Infinity;
  for (const one of below(row)) {
    if (level(one) <= closed) closed = one.hasAttribute("aria-expanded") && !isOpen(one) ? level(one) : Infinity;
    else continue;
    one.hidden = false;
  }
  keep();
}

async function fetchBelow(row) {
  row.setAttribute("aria-busy", "true");
  const answer = await get(row.dataset.below, { accept: "text/html" });
  row.removeAttribute("aria-busy");
  if (answer.status !== 200) {
    tell(answer.data.message ?? "What is below could not be fetched. Try again in a moment.");
    return false;
  }
  const place = document.createElement("template");
  place.innerHTML = `<table><tbody>${answer.html}</tbody></table>`;
  const rows = [...place.content.querySelectorAll("tr")];
  row.after(...rows);
  settle();
  announce(row.querySelector("[data-toggle-row]").getAttribute("aria-label"));
  return rows.length > 0;
}

function close(row) {
  row.setAttribute("aria-expanded", "false");
  for (const one of below(row)) one.hidden = true;
  if (current()?.hidden) moveTo(row);
  keep();
}

const toggle = (row) => (isOpen(row) ? close(row) : open(row));

/** The address says which rows are open, so that coming back shows them. */
function keep() {
  const ids = shown().filter(isOpen).map((row) => row.dataset.id);
  const url = new URL(location.href);
  if (ids.length) url.searchParams.set("open", ids.slice(0, 100).join(","));
  else url.searchParams.delete("open");
  history.replaceState(history.state, "", url);
  rememberList();
}

function moveTo(row) {
  if (!row) return;
  current()?.setAttribute("tabindex", "-1");
  row.setAttribute("tabindex", "0");
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const rows = shown();
  const at = rows.indexOf(document.activeElement.closest?.("[data-tree] tbody > tr") ?? null);
  moveTo(rows[Math.min(Math.max(at + by, 0), rows.length - 1)]);
}

/** One row can be reached with Tab; the arrows lead from there. */
function settle() {
  for (const row of all()) {
    if (!row.hasAttribute("tabindex")) row.setAttribute("tabindex", "-1");
    row.querySelector("[data-toggle-row]")?.setAttribute("tabindex", "-1");
  }
  if (!current()) all()[0]?.setAttribute("tabindex", "0");
}

/** What a key does on the row that has the focus; false where it has nothing to do. */
const onRow = (act) => () => {
  const row = document.activeElement;
  return row.matches?.("[data-tree] tbody > tr") ? act(row) !== false : false;
};

function forward(row) {
  if (!row.hasAttribute("aria-expanded")) return false;
  if (isOpen(row)) step(1);
  else open(row);
}

function back(row) {
  if (isOpen(row)) return close(row);
  const parent = above(row);
  return parent ? moveTo(parent) : false;
}

if (tree) {
  const rightToLeft = getComputedStyle(tree).direction === "rtl";
  onKey(rightToLeft ? "ArrowLeft" : "ArrowRight", onRow(forward));
  onKey(rightToLeft ? "ArrowRight" : "ArrowLeft", onRow(back));
  for (const [keys, by] of [[["j", "ArrowDown"], 1], [["k", "ArrowUp"], -1]]) {
    for (const key of keys) onKey(key, () => (document.activeElement.closest("details, .fs-bar") ? false : step(by)));
  }
  onKey("Home", onRow(() => moveTo(shown()[0])));
  onKey("End", onRow(() => moveTo(shown().at(-1))));
  onKey("Enter", onRow((row) => row.querySelector("a[data-open], a").click()));
  tree.addEventListener("click", (event) => {
    const mark = event.target.closest("[data-toggle-row]");
    if (!mark || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    toggle(mark.closest("tr"));
  });
  tree.addEventListener("focusin", (event) => {
    const row = event.target.closest("tbody > tr");
    for (const one of tree.querySelectorAll("tr.fs-cursor")) one.classList.remove("fs-cursor");
    row?.classList.add("fs-cursor");
  });
  document.addEventListener("htmx:afterSettle", settle);
  settle();
}
