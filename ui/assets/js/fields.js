// One field of a record page: read as text, typed in a box, and back. The markup is in records/sections.html.
import { prepare } from "./combobox.js";
import { prepareRich } from "./rich_text.js";
import { prepareSignatures } from "./signature.js";

const before = new WeakMap();

export const fieldOf = (element) => element?.closest?.("form[data-record] [data-field]") ?? null;
export const fieldNamed = (name) => document.querySelector(`form[data-record] [data-field="${CSS.escape(name)}"]`);
const cell = (field) => field.querySelector("dd");
const box = (field) => field.querySelector(".fs-typed");
export const inputsOf = (field) => [...field.querySelectorAll("dd :is(input, select, textarea)")];
export const isTyped = (field) => inputsOf(field).length > 0;
export const isLocked = (field) => cell(field).classList.contains("fs-locked");
export const isOpen = (field) => isTyped(field) && !(box(field)?.hidden ?? false);

/** What stands in a field's inputs, to compare. */
function held(field) {
  return JSON.stringify(inputsOf(field).filter((input) => input.name && !/^sent$|\.was$/.test(input.name)).map((input) =>
    input.type === "checkbox" ? `${input.value}:${input.checked}` : input.value));
}

/** Remember what a field holds, so that a change can be told. */
export function remember(field) {
  if (!before.has(field)) before.set(field, held(field));
}

export const isDirty = (field) => isTyped(field) && (cell(field).hasAttribute("data-touched") || (before.has(field) && before.get(field) !== held(field)));

/** Put the field's inputs in place of its text, and the focus in the first. */
export function edit(field) {
  if (!field || isLocked(field) || field.hidden) return;
  if (!isTyped(field)) open(field);
  if (box(field)) {
    box(field).hidden = false;
    cell(field).querySelector(".fs-v").hidden = true;
    cell(field).classList.add("fs-editing");
  }
  const input = inputsOf(field).find((one) => one.type !== "hidden");
  input?.focus();
  if (input?.select && input.type !== "date") input.select();
}

/** Hide the options that do not go with what another field says; one that is chosen stays until it is changed. */
export function limitOptions(field, possible) {
  for (const option of field.querySelectorAll("dd option[value], dd label.fs-check")) {
    const value = option.value ?? option.querySelector("input").value;
    if (possible) option.toggleAttribute("data-off", value !== "" && !possible.includes(value));
    const kept = option.selected || option.querySelector?.("input:checked");
    option.hidden = option.hasAttribute("data-off") && !kept;
    if (option.matches("option")) option.disabled = option.hidden;
  }
}

function open(field) {
  const template = cell(field).querySelector("template");
  if (!template) return;
  const typed = document.createElement("div");
  typed.className = "fs-typed";
  typed.append(template.content.cloneNode(true));
  cell(field).append(typed);
  prepare(typed);
  prepareRich(typed);
  limitOptions(field, field.dataset.options && JSON.parse(field.dataset.options));
  prepareSignatures(typed);
  remember(field);
}

/** Back to text: what was saved if nothing changed, otherwise what was typed, as the server shows it. */
export function close(field) {
  if (!box(field) || hasError(field)) return;
  if (!isDirty(field)) return undo(field);
  const shown = field.dataset.shown;
  if (shown === undefined) return;
  show(field, shown);
}

function show(field, html) {
  const text = cell(field).querySelector(".fs-v");
  if (text.fsSaved === undefined) text.fsSaved = text.innerHTML;
  text.innerHTML = html;
  text.hidden = false;
  text.classList.add("fs-unsaved");
  box(field).hidden = true;
  cell(field).classList.remove("fs-editing");
}

/** Drop what was typed. */
export function undo(field) {
  const typed = box(field);
  if (!typed) return;
  const text = cell(field).querySelector(".fs-v");
  if (text.fsSaved !== undefined) text.innerHTML = text.fsSaved;
  delete text.fsSaved;
  text.hidden = false;
  text.classList.remove("fs-unsaved");
  typed.remove();
  cell(field).classList.remove("fs-editing");
  delete field.dataset.shown;
  before.delete(field);
  pointOut(field, "");
}

export const hasError = (field) => {
  const note = field.querySelector("dd .fs-error");
  return Boolean(note && !note.hidden);
};

/** Say what is wrong with a field, or that nothing is. */
export function complain(field, message) {
  if (message && !isTyped(field)) open(field);
  const note = field.querySelector("dd .fs-error");
  if (!note) return;
  note.hidden = !message;
  note.querySelector("span").textContent = message ?? "";
  for (const input of inputsOf(field)) {
    if (input.type === "hidden") continue;
    input.classList.toggle("is-invalid", Boolean(message) && input.matches(".form-control, .form-select"));
    if (message) {
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", note.id);
    } else input.removeAttribute("aria-invalid");
  }
  if (!message) return;
  field.dispatchEvent(new CustomEvent("fs:reveal", { bubbles: true }));
  if (box(field)?.hidden) reveal(field);
}

function reveal(field) {
  box(field).hidden = false;
  cell(field).querySelector(".fs-v").hidden = true;
  cell(field).classList.add("fs-editing");
}

/** Say at a field which records count as the same as what was typed, or that none do. */
function pointOut(field, html) {
  const note = field.querySelector("[data-alike]") ?? document.createElement("div");
  if (!html) return note.remove();
  if (note.innerHTML === html) return;
  note.className = "fs-alike";
  note.dataset.alike = "";
  note.setAttribute("role", "status");
  if (!note.isConnected) cell(field).append(note);
  note.innerHTML = html;
}

/** Show, hide, require or lock a field as the server says for the values as they stand. */
export function applyState(field, state) {
  field.hidden = !state.visible;
  field.querySelector("[data-required]").hidden = !state.required || state.locked;
  for (const input of inputsOf(field)) {
    if (input.type !== "hidden") input.toggleAttribute("aria-required", state.required);
  }
  if (!isTyped(field)) {
    cell(field).classList.toggle("fs-locked", state.locked);
    const pen = cell(field).querySelector("[data-edit]");
    if (pen) pen.hidden = state.locked;
  }
  if (state.alike !== undefined) pointOut(field, state.alike);
  if (state.shown !== undefined) field.dataset.shown = state.shown;
  if (!state.options) return;
  field.dataset.options = JSON.stringify(state.options);
  limitOptions(field, state.options);
}
