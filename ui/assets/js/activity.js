// Writing comments: Ctrl Enter sends, the box grows with the text, and an @ offers people who may read the record.
import { get } from "./request.js";

document.addEventListener("keydown", (event) => {
  const box = event.target.closest?.("[data-compose] textarea");
  if (!box || event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
  event.preventDefault();
  box.form.requestSubmit();
});

document.addEventListener("input", (event) => {
  const box = event.target.closest?.("[data-compose] textarea");
  if (!box || CSS.supports("field-sizing", "content")) return;
  box.rows = Math.min(12, box.value.split("\n").length);
});

// -- people behind an @

const TYPED = /(?:^|[^\p{L}\p{N}@])@(\p{L}[\p{L}\p{N}'.-]*(?: [\p{L}\p{N}'.-]*)?)$/u;
const boxOf = (event) => event.target.closest?.("textarea[data-people]");
const listOf = (box) => document.getElementById(box.getAttribute("aria-controls"));
const optionsOf = (box) => [...listOf(box).querySelectorAll('[role="option"]')];
const marked = (box) => optionsOf(box).find((option) => option.getAttribute("aria-selected") === "true");
const typedIn = (box) => TYPED.exec(box.value.slice(0, box.selectionStart))?.[1];
let asked = 0;

function mark(box, option) {
  for (const other of optionsOf(box)) other.setAttribute("aria-selected", String(other === option));
  if (option) box.setAttribute("aria-activedescendant", option.id);
  else box.removeAttribute("aria-activedescendant");
}

function hide(box) {
  asked += 1;
  mark(box, null);
  listOf(box).hidden = true;
}

async function offer(box) {
  const typed = typedIn(box);
  if (!typed) return hide(box);
  const number = (asked += 1);
  const url = new URL(box.dataset.people, location.href);
  url.searchParams.set("q", typed);
  const answer = await get(url, { accept: "text/html" });
  if (number !== asked || answer.status !== 200) return;
  listOf(box).innerHTML = answer.html;
  listOf(box).hidden = !optionsOf(box).length;
  mark(box, optionsOf(box)[0]);
}

function mention(box, option) {
  const at = box.selectionStart - typedIn(box).length;
  box.setRangeText(`${option.dataset.title} `, at, box.selectionStart, "end");
  hide(box);
}

document.addEventListener("input", (event) => {
  const box = boxOf(event);
  if (box) offer(box);
});

document.addEventListener("mousedown", (event) => {
  const option = event.target.closest?.('#compose-people [role="option"]');
  if (!option) return;
  event.preventDefault();
  mention(document.querySelector("textarea[data-people]"), option);
});

document.addEventListener("focusout", (event) => {
  const box = boxOf(event);
  if (box) hide(box);
});

document.addEventListener("keydown", (event) => {
  const box = boxOf(event);
  if (!box || listOf(box).hidden || event.ctrlKey || event.metaKey) return;
  const list = optionsOf(box);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) mark(box, list[(list.indexOf(marked(box)) + step + list.length) % list.length]);
  else if (event.key === "Escape") hide(box);
  else if (["Enter", "Tab"].includes(event.key) && marked(box)) mention(box, marked(box));
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);
