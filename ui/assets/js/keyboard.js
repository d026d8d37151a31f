// Keys. An element says its key with data-key ("c", "?", "Control+s"); a menu item says data-go="o" for G then O.
// Single letters act only when nobody is typing, no dialog is open, and they are not switched off.
const SWITCH = "fs-single-letters";
const handlers = new Map();
const escapes = [];
let going = 0;

export const typing = (target = document.activeElement) =>
  Boolean(target?.closest?.("input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]"));

export const lettersAreOn = () => localStorage.getItem(SWITCH) !== "off";

/** Let `handler` act on a key; it returns false when it has nothing to do. Later ones are asked first. */
export function onKey(key, handler) {
  handlers.set(key, [handler, ...(handlers.get(key) ?? [])]);
}

/** Let `handler` close something on Esc; the smaller `layer`, the earlier it is asked. One layer closes at a time. */
export function onEscape(layer, handler) {
  escapes.push({ layer, handler });
  escapes.sort((one, other) => one.layer - other.layer);
}

const named = (event) => {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return event.ctrlKey || event.metaKey ? `Control+${key}` : key;
};

const visible = (element) => element.checkVisibility?.() ?? element.offsetParent !== null;

function press(key, event) {
  for (const handler of handlers.get(key) ?? []) if (handler(event) !== false) return true;
  const element = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find(visible);
  if (!element) return false;
  if (element.matches("input[type=search], textarea")) element.focus();
  else element.click();
  return true;
}

function go(letter) {
  going = 0;
  const item = document.querySelector(`[data-go="${CSS.escape(letter)}"]`);
  item?.click();
  return Boolean(item);
}

function letter(event, key) {
  if (event.altKey || typing(event.target) || document.querySelector("dialog[open]") || !lettersAreOn()) return false;
  if (going && Date.now() - going < 1500 && key.length === 1) return go(key);
  if (key === "g") {
    going = Date.now();
    return true;
  }
  return press(key, event);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const key = named(event);
  if (key === "Escape") {
    if (!document.querySelector("dialog[open]") && escapes.some(({ handler }) => handler(event))) event.preventDefault();
    return;
  }
  const done = key.startsWith("Control+") ? chord(event, key) : letter(event, key);
  if (done) event.preventDefault();
});

function chord(event, key) {
  const dialog = document.querySelector("dialog[open]");
  if (key === "Control+Enter" && dialog) {
    dialog.querySelector("form")?.requestSubmit();
    return true;
  }
  return !dialog && press(key, event);
}

// The help dialog and its switch.
const help = document.getElementById("help");
const box = document.getElementById("single-letters");
if (box) {
  box.checked = lettersAreOn();
  box.addEventListener("change", () => localStorage.setItem(SWITCH, box.checked ? "on" : "off"));
}
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-help]")) return;
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  help?.showModal();
});
