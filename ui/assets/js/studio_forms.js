// Forms of the studio (a field, a right): what is typed is checked a moment later, mistakes stand at their inputs, and
// the form of the object shows what it would be. Rows of tables are found and walked by keys.
import { announce } from "./announce.js";
import { onEscape, onKey, typing } from "./keyboard.js";
import { send } from "./request.js";

const PAUSE = 350;
const form = document.querySelector("form[data-studio-field]");
let pause = 0;
let asked = 0;

/** Ask what the check says of the form; only the last answer counts. */
async function check() {
  const mine = ++asked;
  const answer = await send(form.dataset.check, { body: new FormData(form), accept: "text/html" });
  if (mine !== asked) return;
  if (answer.html) show(answer.html);
  else announce(answer.data?.message ?? "It could not be checked.");
}

function show(html) {
  const place = form.querySelector("[data-studio-found]");
  place.innerHTML = html;
  const errors = new Map([...place.querySelectorAll("[data-error-for]")].map((one) => [one.dataset.errorFor, one.textContent]));
  for (const line of form.querySelectorAll("[data-error-of]")) say(line, errors.get(line.dataset.errorOf));
  preview(place.querySelector("template[data-studio-form]"), place.querySelector("[data-studio-one]"));
  announce([...errors.values()][0] ?? place.textContent.trim());
}

function say(line, message) {
  line.hidden = !message;
  line.querySelector("span").textContent = message ?? "";
  const input = form.querySelector(`[aria-describedby="${CSS.escape(line.id)}"]`);
  if (message) input?.setAttribute("aria-invalid", "true");
  else input?.removeAttribute("aria-invalid");
  input?.classList.toggle("is-invalid", Boolean(message));
}

/** Show the whole form where there is room for it, and the field alone beside its inputs. */
function preview(made, alone) {
  if (!made) return;
  const whole = document.querySelector("[data-studio-preview]");
  const name = CSS.escape(made.dataset.fieldName);
  if (whole) {
    whole.replaceChildren(made.content.cloneNode(true));
    const field = whole.querySelector(`[data-field="${name}"]`);
    field?.classList.add("fs-preview-new");
    field?.scrollIntoView({ block: "nearest" });
    return;
  }
  const field = made.content.querySelector(`[data-field="${name}"]`);
  if (!field) return;
  alone.lastElementChild.replaceChildren(field.cloneNode(true));
  alone.hidden = false;
}

/** Only what the chosen type has is asked for. */
function fitType() {
  const type = form.querySelector("input[name=type]:checked");
  if (!type) return;
  for (const part of form.querySelectorAll("[data-types]")) part.hidden = !part.dataset.types.split(" ").includes(type.value) || !part.querySelector("input[name=has]");
  const own = form.querySelector("[data-studio-options]")?.parentElement;
  if (own && form.elements.option_set?.value) own.hidden = true;
  const help = form.querySelector("[data-type-help]");
  if (help) help.textContent = type.dataset.told;
}

/** The name follows the label until somebody types one. */
function nameFromLabel(name) {
  if (name.dataset.typed) return;
  const plain = form.elements.label.value.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  name.value = plain.replace(/[^a-z0-9]+/g, "_").replace(/^[^a-z]+|_+$/g, "").slice(0, 48);
}

/** There is always an empty row below the options. */
function moreOptions(body) {
  const last = body.lastElementChild;
  if (![...last.querySelectorAll("input")].some((input) => input.value)) return;
  const row = last.cloneNode(true);
  row.lastElementChild.replaceChildren();
  for (const input of row.querySelectorAll("input")) {
    input.value = "";
    input.readOnly = false;
  }
  row.querySelector("select").selectedIndex = 0;
  body.append(row);
  const number = body.childElementCount;
  for (const input of row.querySelectorAll("[aria-label]")) input.setAttribute("aria-label", input.getAttribute("aria-label").replace(/\d+$/, number));
}

if (form) {
  form.addEventListener("input", (event) => {
    const name = form.querySelector("[data-studio-name]");
    if (event.target === name) name.dataset.typed = name.value ? "1" : "";
    if (name && event.target.name === "label") nameFromLabel(name);
    const options = event.target.closest("[data-studio-options] tbody");
    if (options) moreOptions(options);
    if (["type", "option_set"].includes(event.target.name)) fitType();
    clearTimeout(pause);
    pause = setTimeout(check, PAUSE);
  });
  if (form.querySelector("[data-studio-name]")?.value) form.querySelector("[data-studio-name]").dataset.typed = "1";
  fitType();
  const first = form.querySelector("[aria-invalid=true]");
  if (first) first.focus();
  else if (location.hash === "#field-label") form.elements.label?.focus();
  else if (location.hash === "#right") form.querySelector("input[name=mode]:checked")?.focus();
  onEscape(5, () => {
    const close = form.querySelector("[data-studio-close]");
    close?.click();
    return Boolean(close);
  });
}

// Tests run for some seconds: what became of them is told beside the button.
document.querySelector("form[data-studio-run]")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { target } = event;
  const button = target.querySelector("button");
  const place = target.parentElement.querySelector("[data-studio-tests]");
  if (button.getAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  place.textContent = "The tests are running…";
  const answer = await send(target.action, { body: new FormData(target), accept: "text/html" });
  button.removeAttribute("aria-busy");
  place.innerHTML = answer.html ?? "";
  announce(answer.html ? place.textContent.trim() : (answer.data?.message ?? "They could not be run."));
});

// Rows: J K and arrows walk their links, what is typed in the search field leaves those that have it.
const rows = document.querySelector("[data-studio-rows] tbody");

function walk(by) {
  const links = [...rows.rows].filter((row) => !row.hidden).map((row) => row.querySelector("a"));
  const at = links.findIndex((link) => link?.closest("tr").contains(document.activeElement));
  const next = links[at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by];
  next?.focus();
  return Boolean(next);
}

if (rows) {
  const step = (by) => () => !typing() && walk(by);
  for (const [key, by] of [["j", 1], ["ArrowDown", 1], ["k", -1], ["ArrowUp", -1]]) onKey(key, step(by));
  document.querySelector("[data-studio-find]")?.addEventListener("input", ({ target }) => {
    const words = target.value.toLowerCase().split(/\s+/);
    for (const row of rows.rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
  });
}
