// The palette behind Ctrl K: records as one types, and every place and command by name.
import { get } from "./request.js";
import { closeDialog, openDialog } from "./dialogs.js";

const palette = document.getElementById("palette");
const input = document.getElementById("palette-input");
const records = document.getElementById("palette-records");
let request = new AbortController();
let timer = 0;

const options = () => [...palette.querySelectorAll('[role="option"]')].filter((option) => !option.hidden);

function choose(option) {
  for (const other of palette.querySelectorAll('[aria-selected="true"]')) other.removeAttribute("aria-selected");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) input.setAttribute("aria-activedescendant", option.id);
  else input.removeAttribute("aria-activedescendant");
}

function filter(words) {
  for (const group of palette.querySelectorAll("[data-palette-commands]")) {
    const found = [...group.querySelectorAll('[role="option"]')].filter((option) => {
      const text = option.textContent.toLowerCase();
      option.hidden = !words.every((word) => text.includes(word));
      return !option.hidden;
    });
    group.hidden = !found.length;
  }
}

async function search(text) {
  request.abort();
  request = new AbortController();
  if (!text) return records.replaceChildren();
  try {
    const answer = await get(`${input.dataset.search}?q=${encodeURIComponent(text)}`, { accept: "text/html", signal: request.signal });
    if (answer.status === 200) records.innerHTML = answer.html;
  } catch (error) {
    if (error.name !== "AbortError") throw error;
    return;
  }
  settle();
}

/** waiting: records are still searched for, so that it is too early to say that there are none. */
function settle(waiting = false) {
  const [first] = options();
  choose(first);
  document.getElementById("palette-none").hidden = Boolean(first) || waiting;
}

function open() {
  input.value = "";
  records.replaceChildren();
  filter([]);
  openDialog(palette);
  input.focus();
  settle();
}

if (palette) {
  input.addEventListener("input", () => {
    const text = input.value.trim();
    filter(text.toLowerCase().split(/\s+/).filter(Boolean));
    settle(Boolean(text));
    clearTimeout(timer);
    timer = setTimeout(() => search(text), 120);
  });
  input.addEventListener("keydown", (event) => {
    const list = options();
    const at = list.findIndex((option) => option.getAttribute("aria-selected") === "true");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && list.length) {
      event.preventDefault();
      choose(list[(at + step + list.length) % list.length]);
    } else if (event.key === "Enter" && list[at]) {
      event.preventDefault();
      list[at].click();
    }
  });
  palette.addEventListener("click", (event) => {
    if (event.target.closest("button[role=option]")) closeDialog(palette);
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-palette]")) return;
    event.preventDefault();
    open();
  });
}
