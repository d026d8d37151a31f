// Search as one types, for references: an ARIA combobox over `lookup` answers; recent ones before the first letter,
// or (data-combo-quiet) only once somebody types or asks for them with an arrow.
import { get, send } from "./request.js";

const state = new WeakMap();

function parts(combo) {
  return {
    input: combo.querySelector("input:not([type=hidden], [type=checkbox])"),
    value: combo.querySelector("[data-combo-value]"),
    was: combo.querySelector("[data-combo-was]"),
    list: combo.querySelector(".fs-combo-list"),
    picked: combo.querySelector("[data-combo-picked]"),
  };
}

/** Give every combobox in `root` its role. */
export function prepare(root = document) {
  for (const combo of root.querySelectorAll("[data-combo]")) {
    const { input, list } = parts(combo);
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", list.id);
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Matches");
  }
}

const options = (combo) => [...parts(combo).list.querySelectorAll('[role="option"]')];
const current = (combo) => options(combo).find((option) => option.getAttribute("aria-selected") === "true");

function mark(combo, option) {
  for (const other of options(combo)) other.setAttribute("aria-selected", String(other === option));
  option?.scrollIntoView({ block: "nearest" });
  const { input } = parts(combo);
  if (option) input.setAttribute("aria-activedescendant", option.id);
  else input.removeAttribute("aria-activedescendant");
}

function show(combo, on) {
  const { input, list } = parts(combo);
  list.hidden = !on;
  input.setAttribute("aria-expanded", String(on));
  if (on) combo.classList.toggle("fs-combo-up", innerHeight - input.getBoundingClientRect().bottom < 270);
  else input.removeAttribute("aria-activedescendant");
}

async function look(combo) {
  state.get(combo)?.abort();
  const request = new AbortController();
  state.set(combo, request);
  const { input, list, was } = parts(combo);
  const text = was && input.value === was.value ? "" : input.value.trim();
  const url = new URL(combo.dataset.lookup, location.href);
  url.searchParams.set("q", text);
  url.searchParams.set("prefix", list.id);
  try {
    const answer = await ask(combo, url, { accept: "text/html", signal: request.signal });
    if (answer.status !== 200 || !combo.isConnected) return;
    list.innerHTML = answer.html;
    show(combo, document.activeElement === input);
    mark(combo, options(combo)[0]);
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

/** Where what may be picked depends on the record, what was typed into its form goes along, but for files. */
function ask(combo, url, options) {
  const { lookupAt, lookupOf, lookupId } = combo.dataset;
  if (!lookupAt) return get(url, options);
  const form = combo.closest("form");
  const { entity = lookupOf, id = entity === lookupOf ? lookupId : "" } = form.dataset;
  for (const [name, value] of Object.entries({ of: entity, id, at: lookupAt })) url.searchParams.set(name, value);
  const typed = [...new FormData(form)].filter(([, value]) => typeof value === "string");
  return send(url, { ...options, body: new URLSearchParams(typed) });
}

function pick(combo, option) {
  const { input, value, was, picked } = parts(combo);
  const { value: token, title } = option.dataset;
  if (picked) {
    addPicked(combo, picked, token, title);
    input.value = "";
  } else {
    value.value = token;
    input.value = was.value = title;
  }
  show(combo, false);
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function addPicked(combo, picked, token, title) {
  if ([...picked.querySelectorAll("input")].some((box) => box.value === token)) return;
  const chip = document.createElement("label");
  chip.className = "fs-chip";
  chip.innerHTML = '<span><input class="form-check-input" type="checkbox" checked></span><b></b>';
  Object.assign(chip.querySelector("input"), { name: combo.dataset.name, value: token });
  chip.querySelector("b").textContent = title;
  picked.append(chip);
}

const comboOf = (event) => event.target.closest?.("[data-combo]");

document.addEventListener("input", (event) => {
  const combo = comboOf(event);
  if (!combo || event.target.type === "checkbox") return;
  clearTimeout(combo.fsTimer);
  combo.fsTimer = setTimeout(() => look(combo), 120);
});

document.addEventListener("focusin", (event) => {
  const combo = comboOf(event);
  const opens = combo && !("comboQuiet" in combo.dataset) && event.target.type !== "checkbox";
  if (opens && parts(combo).list.hidden) look(combo);
});

document.addEventListener("focusout", (event) => {
  const combo = comboOf(event);
  if (combo) setTimeout(() => combo.contains(document.activeElement) || show(combo, false));
});

document.addEventListener("mousedown", (event) => {
  const option = event.target.closest?.('.fs-combo-list [role="option"]');
  if (!option) return;
  event.preventDefault();
  pick(option.closest("[data-combo]"), option);
});

document.addEventListener("keydown", (event) => {
  const combo = comboOf(event);
  if (!combo) return;
  const open = !parts(combo).list.hidden;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const list = options(combo);
  if (step) {
    event.preventDefault();
    if (!open) return look(combo);
    mark(combo, list[(list.indexOf(current(combo)) + step + list.length) % list.length]);
  } else if (open && event.key === "Enter" && current(combo)) {
    event.preventDefault();
    event.stopPropagation();
    pick(combo, current(combo));
  } else if (open && event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    show(combo, false);
  }
}, true);

document.addEventListener("fs:changed", (event) => prepare(event.detail));
prepare();
