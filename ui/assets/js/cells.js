// A cell that is edited in its place: E or a double click opens it, Enter saves, Esc drops, Tab saves and goes on.
import { announce } from "./announce.js";
import { onEscape, onKey } from "./keyboard.js";
import { cursor, moveTo } from "./list.js";
import { tell } from "./notice.js";
import { send } from "./request.js";

const region = document.querySelector("[data-list]");
const before = new WeakMap();
const opened = () => region.querySelector("td.fs-cell-open");
const cellsOf = (row) => [...row.querySelectorAll("td[data-cell]")].filter((cell) => cell.checkVisibility?.() ?? true);
const held = (cell) => new URLSearchParams(new FormData(cell.querySelector("form"))).toString();
const address = (cell) => `/e/${region.dataset.entity}/${cell.closest("tr").dataset.id}/cell/${cell.dataset.cell}`;

function put(cell, html) {
  cell.innerHTML = html;
  cell.classList.add("fs-cell-open");
  document.dispatchEvent(new CustomEvent("fs:changed", { detail: cell }));
  const input = cell.querySelector(":is(input, select, textarea):not([type=hidden])");
  input?.focus();
  if (input?.matches("input:not([type=date], [type=checkbox])")) input.select();
}

async function open(cell) {
  if (!cell || cell === opened() || early !== null) return;
  early = "";
  const answer = await send(address(cell), { method: "GET", accept: "text/html, application/json" });
  const typed = early;
  early = null;
  if (answer.status !== 200) return tell(answer.data.message ?? "This cell cannot be changed.");
  if (opened()) close(opened());
  before.set(cell, { html: cell.innerHTML });
  put(cell, answer.html);
  before.get(cell).typed = held(cell);
  const input = cell.querySelector("input:not([type=hidden], [type=date], [type=checkbox]), textarea");
  if (typed && input) input.value = typed;
}

// What is typed before the input is there goes into it, and is no command.
let early = null;
document.addEventListener("keydown", (event) => {
  if (early === null || event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) return;
  early += event.key;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

function close(cell) {
  const row = cell.closest("tr");
  cell.classList.remove("fs-cell-open");
  cell.innerHTML = before.get(cell).html;
  moveTo(row);
}

/** Save what was typed. Resolves to the row as it is then, or null if it was refused. */
async function save(cell) {
  const row = cell.closest("tr");
  const kept = before.get(cell);
  if (held(cell) === kept.typed) return close(cell), row;
  const form = cell.querySelector("form");
  const answer = await send(address(cell) + location.search, { body: new FormData(form), accept: "text/html" });
  if (answer.status !== 200) return refuse(cell, answer), null;
  const template = document.createElement("template");
  template.innerHTML = answer.html;
  const fresh = template.content.querySelector("tr");
  fresh.querySelector('input[name="id"]').checked = row.querySelector('input[name="id"]').checked;
  if (row.hasAttribute("aria-selected")) fresh.setAttribute("aria-selected", "true");
  row.replaceWith(fresh);
  moveTo(fresh);
  announce("Saved");
  return fresh;
}

function refuse(cell, answer) {
  if (!answer.html) return tell(answer.data.message);
  put(cell, answer.html);
  before.get(cell).typed = null;
  announce(cell.querySelector(".fs-error")?.textContent.trim() ?? "");
}

async function saveAndGoOn(cell, step) {
  const [name, row] = [cell.dataset.cell, await save(cell)];
  if (!row) return;
  const cells = cellsOf(row);
  open(cells[cells.findIndex((one) => one.dataset.cell === name) + step]);
}

if (region) {
  region.addEventListener("dblclick", (event) => {
    const cell = event.target.closest("td[data-cell]:not(.fs-cell-open)");
    if (!cell || event.target.closest("a")) return;
    event.preventDefault();
    getSelection().removeAllRanges();
    open(cell);
  });
  onKey("e", () => {
    if (!cursor()) return false;
    open(cellsOf(cursor())[0]);
  });
  onEscape(5, () => Boolean(opened()) && (close(opened()), true));
  region.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td.fs-cell-open");
    if (!cell || event.defaultPrevented || event.isComposing) return;
    const listed = event.target.getAttribute("aria-expanded") === "true";
    if (event.key === "Enter" && !listed && !(event.target.matches("textarea") && !event.ctrlKey)) {
      event.preventDefault();
      save(cell);
    } else if (event.key === "Tab") {
      event.preventDefault();
      saveAndGoOn(cell, event.shiftKey ? -1 : 1);
    }
  });
  region.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-cell-form]")) return;
    event.preventDefault();
    save(event.target.closest("td"));
  });
}
