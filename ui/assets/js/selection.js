// Selecting rows: X, Shift for a range, the box in the head for all that are shown, and all that match, also those
// further down; the bar says how many and the sum.
import { announce } from "./announce.js";
import { sharedDialog, showInDialog } from "./dialogs.js";
import { onEscape, onKey } from "./keyboard.js";
import { htmx } from "./htmx.js";
import { cursor } from "./list.js";
import { tell } from "./notice.js";
import { send } from "./request.js";
import { csrfToken } from "./session.js";

const region = document.querySelector("[data-list]");
const bar = document.querySelector("[data-selection]");
let last = null;
let everything = false;

const matching = () => Number(document.querySelector("#sums [data-total]")?.dataset.total ?? 0);
const written = (number) => number.toLocaleString(document.documentElement.lang);
const boxes = () => [...region.querySelectorAll('tbody input[name="id"]')];
const chosen = () => boxes().filter((box) => box.checked);

function select(box, on) {
  box.checked = on;
  box.closest("tr").toggleAttribute("aria-selected", false);
  if (on) box.closest("tr").setAttribute("aria-selected", "true");
}

/** The exact sum of decimal strings, as a string. */
export function sumOf(strings) {
  const places = Math.max(0, ...strings.map((text) => (text.split(".")[1] ?? "").length));
  const units = (text) => {
    const [whole, part = ""] = text.split(".");
    return BigInt(whole + part.padEnd(places, "0"));
  };
  const total = strings.reduce((sum, text) => sum + units(text), 0n).toString();
  if (!places) return total;
  const digits = total.replace("-", "").padStart(places + 1, "0");
  return `${total.startsWith("-") ? "-" : ""}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

function show() {
  const list = chosen();
  bar.hidden = !list.length;
  const count = everything ? matching() : list.length;
  bar.querySelector("[data-selected-count]").textContent = written(count);
  offerAll(list.length);
  offerMerge(list.length);
  const place = bar.querySelector("[data-selected-sum]");
  if (place) {
    const rows = list.map((box) => box.closest("tr").dataset);
    const symbols = new Set(rows.map(({ symbol }) => symbol));
    const total = Number(sumOf(rows.map(({ sum }) => sum || "0")));
    const amount = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 0 }).format(total);
    place.textContent = symbols.size === 1 ? `${[...symbols][0]}${amount}` : "";
    place.parentElement.hidden = everything || symbols.size !== 1;
  }
  const all = region.querySelector("[data-select-all]");
  all.checked = list.length > 0 && list.length === boxes().length;
  all.indeterminate = list.length > 0 && !all.checked;
  announce(list.length ? `${written(count)} selected` : "Nothing selected");
}

// "Select all 1,284", where there are more than the rows that are shown; what is too much for the reader goes.
function offerAll(count) {
  const button = bar.querySelector("[data-select-matching]");
  if (button) {
    button.hidden = everything || matching() <= count;
    button.querySelector("[data-matching]").textContent = written(matching());
  }
  for (const one of bar.querySelectorAll("[data-few]")) one.hidden = everything;
}

// Two to six rows can be merged: as many stand side by side.
function offerMerge(count) {
  const button = bar.querySelector("[data-bulk-merge]");
  if (button) button.hidden = everything || count < 2 || count > 6;
}

function range(from, to, on) {
  const list = boxes();
  const [start, end] = [list.indexOf(from), list.indexOf(to)].sort((one, other) => one - other);
  for (const box of list.slice(Math.max(start, 0), end + 1)) select(box, on);
}

if (region && bar) {
  region.addEventListener("click", (event) => {
    const box = event.target.closest('tbody input[name="id"]');
    if (box || event.target.matches("[data-select-all]")) everything = false;
    if (box) {
      if (event.shiftKey && last) range(last, box, box.checked);
      select(box, box.checked);
      last = box;
      show();
    }
    if (event.target.matches("[data-select-all]")) {
      for (const one of boxes()) select(one, event.target.checked);
      show();
    }
  });
  onKey("x", (event) => {
    const box = cursor()?.querySelector('input[name="id"]');
    if (!box) return false;
    everything = false;
    if (event.shiftKey && last) range(last, box, true);
    else select(box, !box.checked);
    last = box;
    show();
  });
  const clear = () => {
    everything = false;
    for (const box of boxes()) select(box, false);
    show();
  };
  bar.querySelector("[data-clear-selection]").addEventListener("click", clear);
  onEscape(40, () => chosen().length > 0 && (clear(), true));
  bar.addEventListener("click", (event) => {
    const action = event.target.closest("[data-bulk]")?.dataset.bulk;
    if (action) start(action);
    if (event.target.closest("[data-bulk-export]")) download();
    if (event.target.closest("[data-bulk-merge]")) merge();
    if (event.target.closest("[data-select-matching]")) {
      for (const one of boxes()) select(one, true);
      everything = true;
      show();
    }
  });
  // M and A without a selection act on the row under the cursor.
  const onRow = (action) => () => {
    const row = cursor();
    const offered = bar.querySelector(`[data-bulk="${action}"]:not([hidden])`);
    if (!offered || (!row && !chosen().length)) return false;
    if (!chosen().length) select(row.querySelector('input[name="id"]'), true);
    show();
    start(action);
  };
  onKey("m", onRow("move"));
  onKey("a", onRow("assign"));
  document.addEventListener("submit", finish);
  // The sums, and with them how many match, come after the page.
  document.addEventListener("htmx:afterSettle", (event) => event.target.id === "sums" && chosen().length && show());
  sharedDialog().addEventListener("close", () => sharedDialog().querySelector("[data-bulk-done]") && location.reload());
}

const body = () => {
  const form = new FormData();
  if (everything) form.append("all", "1");
  else for (const box of chosen()) {
    form.append("id", box.value);
    form.append("v", box.closest("tr").dataset.version);
  }
  return form;
};

async function start(action) {
  const answer = await send(`/e/${region.dataset.entity}/bulk/${action}/ask${location.search}`, { body: body(), accept: "text/html" });
  if (!answer.html) return tell(answer.data.message);
  htmx.process(showInDialog(answer.html));
}

function merge() {
  const ids = new URLSearchParams(chosen().map((box) => ["id", box.value]));
  location.href = `/e/${region.dataset.entity}/merge?${ids}`;
}

// A file comes as the answer to a form, so that the browser saves it and the page stays.
function download() {
  const form = document.createElement("form");
  form.method = "post";
  form.action = `/e/${region.dataset.entity}/bulk/export${location.search}`;
  const values = body();
  values.append("csrf_token", csrfToken());
  for (const [name, value] of values) form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  document.body.append(form);
  form.submit();
  form.remove();
}

async function finish(event) {
  const form = event.target.closest("form[data-bulk-form]");
  if (!form) return;
  event.preventDefault();
  const sent = new FormData(form, event.submitter);
  const answer = await send(form.action, { body: sent, accept: "text/html" });
  if (answer.status === 200 && !answer.html.trim()) {
    sharedDialog().close();
    location.reload();
  } else if (answer.html) htmx.process(showInDialog(answer.html));
  else tell(answer.data.message);
}

// The input of a field that was chosen is there: give it its role.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "bulk-value") document.dispatchEvent(new CustomEvent("fs:changed", { detail: event.target }));
});
