// The record page: one field at a time is edited, the save bar counts and names what is in the way, saving keeps
// everything that was typed whatever the answer is.
import { announce } from "./announce.js";
import { closeDialog, sharedDialog, showInDialog } from "./dialogs.js";
import { applyState, close, complain, edit, fieldNamed, fieldOf, hasError, inputsOf, isDirty, isOpen, limitOptions, remember, undo } from "./fields.js";
import { htmx, morph } from "./htmx.js";
import { onEscape, onKey, typing } from "./keyboard.js";
import { send } from "./request.js";

const form = () => document.querySelector("form[data-record]");
const fields = () => [...(form()?.querySelectorAll("[data-field]") ?? [])];
const dirtyFields = () => fields().filter(isDirty);
const bar = () => document.querySelector("[data-savebar]");
const reading = () => form()?.dataset.mode === "read";
let leaving = false;
let left = null;
let problem = "";

export const hasChanges = () => dirtyFields().length > 0;

// -- the save bar

function escapeText(text) {
  const span = document.createElement("span");
  span.textContent = text;
  return span.innerHTML;
}

const labelOf = (field) => field.querySelector("dt label").textContent;
const linkTo = (field) => `<a href="#f-${field.dataset.field}" data-go-field="${field.dataset.field}">${escapeText(labelOf(field))}</a>`;

/** Count the changes and name what is in the way of saving them. */
export function showBar() {
  const place = bar();
  if (!place) return;
  const count = dirtyFields().length;
  const wrong = fields().filter((field) => !field.hidden && hasError(field));
  place.hidden = reading() && !count && !problem;
  const parts = count ? [`<b class="fs-b">${count} ${count === 1 ? "change" : "changes"} not saved.</b>`] : [];
  if (wrong.length) parts.push(`${wrong.map(linkTo).join(", ")} ${wrong.length === 1 ? "has" : "have"} to be mended first.`);
  else if (problem) parts.push(escapeText(problem));
  if (parts.length) place.querySelector("[data-save-text]").innerHTML = parts.join(" ");
  place.classList.toggle("fs-savebar-bad", Boolean(wrong.length || problem));
}

// -- editing

function goTo(name) {
  const field = fieldNamed(name);
  if (!field) return;
  field.dispatchEvent(new CustomEvent("fs:reveal", { bubbles: true }));
  field.scrollIntoView({ block: "center" });
  edit(field);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-go-field]");
  if (link) {
    event.preventDefault();
    return goTo(link.dataset.goField);
  }
  const field = fieldOf(event.target);
  if (!field || !reading() || isOpen(field) || event.target.closest("a, dt label") || getSelection().toString()) return;
  if (event.target.closest("dd")) edit(field);
});

document.addEventListener("focusin", (event) => {
  const field = fieldOf(event.target);
  if (field && event.target.matches("dd :is(input, select, textarea)")) remember(field);
});

document.addEventListener("focusout", (event) => {
  const field = fieldOf(event.target);
  if (!field || !reading()) return;
  setTimeout(() => {
    if (field.contains(document.activeElement) || !document.hasFocus()) return;
    leave(field);
    showBar();
  });
});

document.addEventListener("input", changed);
document.addEventListener("change", changed);

function changed(event) {
  const field = fieldOf(event.target);
  if (!field) return;
  problem = "";
  delete field.dataset.shown;
  if (hasError(field)) complain(field, "");
  showBar();
  askStates();
}

document.addEventListener("keydown", (event) => {
  const field = fieldOf(event.target);
  if (!field || !reading() || event.defaultPrevented) return;
  if (event.key !== "Enter" || !event.target.matches("input") || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  left = field;
  event.target.blur();
});

// Esc drops what was typed into the field at hand; then, of the whole record, it leads to Discard.
onEscape(30, () => {
  const field = fieldOf(document.activeElement);
  if (!field || !reading() || !isOpen(field)) return false;
  complain(field, "");
  undo(field);
  field.querySelector("[data-edit]")?.focus();
  showBar();
  askStates();
  return true;
});

/** Close a field, and put the focus on its pencil if it was left with Enter. */
function leave(field) {
  close(field);
  if (left !== field || isOpen(field)) return;
  left = null;
  if (document.activeElement === document.body) field.querySelector("[data-edit]")?.focus();
}

onKey("e", () => {
  if (!form() || typing()) return false;
  edit(fieldOf(document.activeElement) ?? fields().find((field) => field.querySelector("[data-edit]:not([hidden])")));
});

// -- the states of fields, as one types: the server decides

let timer = 0;
let asking = new AbortController();

function askStates() {
  clearTimeout(timer);
  timer = setTimeout(fetchStates, 180);
}

async function fetchStates() {
  asking.abort();
  asking = new AbortController();
  const current = form();
  if (!current?.dataset.states) return;
  try {
    const answer = await send(current.dataset.states, { body: new FormData(current), signal: asking.signal });
    if (answer.status === 200) applyStates(answer.data.fields);
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

function applyStates(states) {
  for (const [name, state] of Object.entries(states)) {
    const field = fieldNamed(name);
    if (!field) continue;
    applyState(field, state);
    const editing = field.contains(document.activeElement);
    if (isDirty(field) && !editing) complain(field, state.error ?? "");
    if (reading() && !editing) leave(field);
  }
  showBar();
}

// -- saving

document.addEventListener("submit", (event) => {
  if (event.target === form() && !event.submitter?.hasAttribute("data-action")) {
    event.preventDefault();
    save(form().action, new FormData(form()));
  } else if (event.target.matches?.("form[data-conflict]")) {
    event.preventDefault();
    save(event.target.action, new FormData(event.target));
  } else leaving = !hasChanges() || leaving || Boolean(event.submitter?.hasAttribute("data-carry"));
});

let saving = false;

async function save(url, body) {
  if (saving) return;
  saving = true;
  form().setAttribute("aria-busy", "true");
  const answer = await send(url, { body, accept: "text/html, application/json" });
  saving = false;
  form()?.removeAttribute("aria-busy");
  settle(answer);
}

function settle(answer) {
  if (answer.status === 200 && answer.data.location) return goAway(answer.data.location);
  if (answer.status === 200 && answer.html) return saved(answer.html);
  if ([409, 412].includes(answer.status) && answer.html) return showInDialog(answer.html);
  closeDialog(sharedDialog());
  refused(answer);
}

function goAway(url) {
  leaving = true;
  location.assign(url);
}

/** Take over the saved record, keeping scroll and focus. */
export function saved(html) {
  closeDialog(sharedDialog());
  problem = "";
  const name = fieldOf(document.activeElement)?.dataset.field;
  for (const field of fields()) undo(field);
  morph(document.getElementById("main"), html);
  if (name) fieldNamed(name)?.querySelector("[data-edit]")?.focus();
  showBar();
  const activity = document.getElementById("activity");
  if (activity) htmx.ajax("GET", activity.getAttribute("hx-get"), { target: activity, swap: "innerHTML" });
  announce("Saved");
}

/** The field that an error is about: one of a row inside the record, or the one that its path begins with. */
const fieldAt = (name) => name && (fieldNamed(name) ?? fieldNamed(name.split(".")[0]));

function refused(answer) {
  const errors = answer.data.errors ?? [];
  for (const { field: name, message } of errors) {
    const field = fieldAt(name);
    if (field) complain(field, message);
  }
  const unplaced = errors.filter(({ field }) => !fieldAt(field));
  problem = unplaced.map(({ message }) => message).join(" ") || (errors.length ? "" : answer.data.message ?? "That could not be saved. What you typed is still here.");
  showBar();
  announce(bar()?.querySelector("[data-save-text]").textContent ?? problem);
  const first = errors.map(({ field }) => fieldAt(field)).find(Boolean);
  if (first) goTo(first.dataset.field);
}

// -- discarding and leaving

function discard() {
  for (const field of dirtyFields()) {
    complain(field, "");
    undo(field);
  }
  problem = "";
  document.dispatchEvent(new CustomEvent("fs:discarded"));
  showBar();
  fetchStates();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("button[data-discard]")) discard();
  if (event.target.closest("a[data-discard]")) leaving = true;
  if (event.target.closest("[data-copy-mine]")) copyMine();
});

async function copyMine() {
  const lines = dirtyFields().map((field) => `${labelOf(field)}: ${inputsOf(field).filter((input) => input.type !== "hidden").map((input) => input.value).join(" ")}`);
  await navigator.clipboard?.writeText(lines.join("\n")).catch(() => undefined);
  goAway(location.href);
}

addEventListener("beforeunload", (event) => {
  if (!leaving && form() && hasChanges()) event.preventDefault();
});

onEscape(50, () => {
  if (!form() || !reading() || !hasChanges()) return false;
  bar()?.querySelector("[data-discard]")?.focus();
  return true;
});

if (form() && !reading()) {
  for (const field of fields()) {
    limitOptions(field);
    remember(field);
  }
  if (!document.querySelector("[autofocus]")) inputsOf(fields().find((field) => !field.hidden && inputsOf(field).length) ?? form()).find((input) => input.type !== "hidden")?.focus();
}
showBar();
