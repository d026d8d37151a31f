// Selecting rows: X, Shift for a range, the box in the head for all that are shown; the bar says how many and the sum.
import { announce } from "./announce.js";
import { sharedDialog, showInDialog } from "./dialogs.js";
import { onEscape, onKey } from "./keyboard.js";
import { cursor } from "./list.js";
import { send } from "./request.js";

const region = document.querySelector("[data-list]");
const bar = document.querySelector("[data-selection]");
let last = null;

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
  bar.querySelector("[data-selected-count]").textContent = list.length;
  const place = bar.querySelector("[data-selected-sum]");
  if (place) {
    const rows = list.map((box) => box.closest("tr").dataset);
    const symbols = new Set(rows.map(({ symbol }) => symbol));
    const total = Number(sumOf(rows.map(({ sum }) => sum || "0")));
    const amount = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 0 }).format(total);
    place.textContent = symbols.size === 1 ? `${[...symbols][0]}${amount}` : "";
    place.parentElement.hidden = symbols.size !== 1;
  }
  const all = region.querySelector("[data-select-all]");
  all.checked = list.length > 0 && list.length === boxes().length;
  all.indeterminate = list.length > 0 && !all.checked;
  announce(list.length ? `${list.length} selected` : "Nothing selected");
}

function range(from, to, on) {
  const list = boxes();
  const [start, end] = [list.indexOf(from), list.indexOf(to)].sort((one, other) => one - other);
  for (const box of list.slice(Math.max(start, 0), end + 1)) select(box, on);
}

if (region && bar) {
  region.addEventListener("click", (event) => {
    const box = event.target.closest('tbody input[name="id"]');
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
    if (event.shiftKey && last) range(last, box, true);
    else select(box, !box.checked);
    last = box;
    show();
  });
  const clear = () => {
    for (const box of boxes()) select(box, false);
    show();
  };
  bar.querySelector("[data-clear-selection]").addEventListener("click", clear);
  onEscape(40, () => chosen().length > 0 && (clear(), true));
  bar.addEventListener("click", (event) => {
    const action = event.target.closest("[data-bulk]")?.dataset.bulk;
    if (action) start(action);
  });
  // M without a selection moves the row under the cursor.
  onKey("m", () => {
    const row = cursor();
    if (!row && !chosen().length) return false;
    if (!chosen().length) select(row.querySelector('input[name="id"]'), true);
    show();
    start("move");
  });
  document.addEventListener("submit", finish);
}

const body = () => {
  const form = new FormData();
  for (const box of chosen()) {
    form.append("id", box.value);
    form.append("v", box.closest("tr").dataset.version);
  }
  return form;
};

async function start(action) {
  const answer = await send(`/e/${region.dataset.entity}/bulk/${action}/ask`, { body: body(), accept: "text/html" });
  if (answer.html) showInDialog(answer.html);
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
  } else if (answer.html) showInDialog(answer.html);
}
