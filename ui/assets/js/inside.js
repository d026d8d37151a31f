// Rows that are saved with the record, such as the lines of an order: adding, removing. Each cell is a field.
import { announce } from "./announce.js";
import { prepare } from "./combobox.js";
import { inputsOf, remember } from "./fields.js";
import { showBar } from "./record.js";

/** What belongs to this list, and not to one inside a row of it. */
const own = (list, marks) => [...list.querySelectorAll(marks)].filter((one) => one.closest("[data-inside]") === list);
const rows = (list) => own(list, "[data-line]");
let made = 0;

function add(list) {
  const [template] = own(list, "[data-line-template]");
  const holder = document.createElement("div");
  made += 1;
  holder.innerHTML = template.innerHTML.replaceAll(template.dataset.lineTemplate, `new${made}`);
  const row = holder.firstElementChild;
  template.before(row);
  for (const none of own(list, ".fs-line-none")) none.remove();
  prepare(row);
  for (const field of row.querySelectorAll("[data-field]")) remember(field);
  inputsOf(row.querySelector("[data-field]:not([hidden])")).find((input) => input.type !== "hidden")?.focus();
}

function drop(row) {
  const list = row.closest("[data-inside]");
  row.remove();
  own(list, "[data-add-line]")[0]?.focus();
  showBar();
  announce("Removed");
}

document.addEventListener("click", (event) => {
  const list = event.target.closest("[data-inside]");
  if (!list) return;
  if (event.target.closest("[data-add-line]")) add(list);
  else if (event.target.closest("[data-drop-line]")) drop(event.target.closest("[data-line]"));
});

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-remove-line]")) return;
  event.target.closest("[data-line]").classList.toggle("fs-line-gone", event.target.checked);
  announce(event.target.checked ? "Will be removed when you save" : "Stays");
});

// Enter in the last row goes on with the next one, as in a spreadsheet.
document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.("[data-line^=new]");
  if (!row || event.key !== "Enter" || event.defaultPrevented || event.ctrlKey || event.metaKey) return;
  if (!event.target.matches("input:not([type=checkbox])")) return;
  event.preventDefault();
  const list = row.closest("[data-inside]");
  if (rows(list).at(-1) === row) add(list);
});

document.addEventListener("fs:discarded", () => {
  for (const row of document.querySelectorAll("[data-inside] [data-line^=new]")) row.remove();
  for (const box of document.querySelectorAll("[data-remove-line]:checked")) box.click();
});

function begin() {
  for (const box of document.querySelectorAll("[data-remove-line]")) remember(box.closest("[data-field]"));
}

document.addEventListener("fs:changed", begin);
begin();
