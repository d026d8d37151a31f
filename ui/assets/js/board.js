// The board: a card dragged to a column performs the transition that leads there. Columns say beforehand what a move
// is called, or why there is none. By keyboard: arrows move the cursor, M opens the moves.
import { announce } from "./announce.js";
import { loadDialog } from "./dialogs.js";
import { morph } from "./htmx.js";
import { onKey } from "./keyboard.js";
import { rememberList } from "./places.js";
import { get, send } from "./request.js";
import { ask } from "./transitions.js";

const board = document.querySelector("[data-board]");
const columns = () => [...board.querySelectorAll("[data-column]")];
const cards = (column) => [...column.querySelectorAll(".fs-card[data-id]")];
const cardUrl = (card) => `/e/${board.dataset.entity}/${card.dataset.id}`;
const START = 6;
let drag = null;

// -- what a card may do

const moves = new Map();

function movesOf(card) {
  const key = `${card.dataset.id}:${card.dataset.version}`;
  if (!moves.has(key)) moves.set(key, get(`${cardUrl(card)}/transitions`).then((answer) => answer.data.transitions ?? []));
  return moves.get(key);
}

/** Tell every column whether the card may come, under which name, or why not. */
function showMoves(card, list) {
  const here = card.closest("[data-column]");
  for (const column of columns()) {
    if (column === here) continue;
    const move = list.find((one) => one.to === column.dataset.column && one.allowed) ?? list.find((one) => one.to === column.dataset.column);
    column.classList.add(move?.allowed ? "fs-col-may" : "fs-col-not");
    if (move?.allowed) addSlot(column, move);
    else refuse(column, move?.reasons?.map(({ message }) => message).join(" ") || `No move leads from ${nameOf(here)} to ${nameOf(column)}.`);
  }
}

const nameOf = (column) => column.querySelector("h2").textContent;

function addSlot(column, move) {
  const slot = document.createElement("li");
  slot.className = "fs-slot";
  slot.textContent = move.label + (move.ask.length ? "…" : "");
  slot.dataset.transition = move.name;
  slot.toggleAttribute("data-asks", move.ask.length > 0);
  column.querySelector("ul").prepend(slot);
}

function refuse(column, reason) {
  const note = column.querySelector(".fs-refuse");
  note.hidden = false;
  note.querySelector("span").textContent = reason;
}

function clear() {
  for (const column of columns()) {
    column.classList.remove("fs-col-may", "fs-col-not", "fs-col-over");
    column.querySelector(".fs-slot")?.remove();
    column.querySelector(".fs-refuse").hidden = true;
  }
}

// -- dragging

function press(event) {
  const card = event.target.closest(".fs-card[data-id]");
  if (!card || event.button !== 0 || drag) return;
  const { left, top } = card.getBoundingClientRect();
  drag = { card, x: event.clientX, y: event.clientY, dx: event.clientX - left, dy: event.clientY - top, copy: null, pointer: event.pointerId };
  if (event.pointerType === "touch") drag.hold = setTimeout(() => lift(event.clientX, event.clientY), 350);
  movesOf(card);
}

function lift(x, y) {
  const { card } = drag;
  const copy = card.cloneNode(true);
  copy.classList.add("fs-drag");
  copy.setAttribute("aria-hidden", "true");
  copy.style.inlineSize = `${card.offsetWidth}px`;
  document.body.append(copy);
  drag.copy = copy;
  card.classList.add("fs-ghosted");
  board.classList.add("fs-dragging");
  carry(x, y);
  movesOf(card).then((list) => drag?.card === card && showMoves(card, list));
}

function carry(x, y) {
  drag.copy.style.translate = `${x - drag.dx}px ${y - drag.dy}px`;
  const under = document.elementsFromPoint(x, y).map((element) => element.closest?.("[data-column]")).find(Boolean);
  for (const column of columns()) column.classList.toggle("fs-col-over", column === under);
  drag.over = under;
  const { left, right } = board.getBoundingClientRect();
  if (x > right - 40) board.scrollLeft += 12;
  if (x < left + 40) board.scrollLeft -= 12;
}

function follow(event) {
  if (!drag || event.pointerId !== drag.pointer) return;
  const far = Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > START;
  if (!drag.copy && event.pointerType === "touch") return far && release();
  if (!drag.copy && far) lift(event.clientX, event.clientY);
  if (drag.copy) {
    event.preventDefault();
    carry(event.clientX, event.clientY);
  }
}

async function drop(event) {
  if (!drag || event.pointerId !== drag.pointer) return;
  const { card, over, copy } = drag;
  if (!copy) return release();
  await movesOf(card);
  const slot = over?.querySelector(".fs-slot");
  const reason = over?.querySelector(".fs-refuse:not([hidden])")?.textContent;
  addEventListener("click", (click) => (click.preventDefault(), click.stopPropagation()), { capture: true, once: true });
  setTimeout(release);
  if (slot) perform(card, over, { name: slot.dataset.transition, label: slot.textContent, asks: slot.hasAttribute("data-asks") });
  else if (reason) announce(reason);
}

function release() {
  clearTimeout(drag?.hold);
  drag?.copy?.remove();
  drag?.card.classList.remove("fs-ghosted");
  board.classList.remove("fs-dragging");
  clear();
  drag = null;
}

// -- moving

async function perform(card, column, move) {
  const url = `${cardUrl(card)}/transitions/${move.name}`;
  const from = card.parentElement;
  const next = card.nextSibling;
  if (!move.asks) column.querySelector("ul").prepend(card);
  const body = new FormData();
  body.set("version", card.dataset.version);
  const answer = move.asks ? await ask(url) : await send(url, { body });
  if (answer?.status !== 200) {
    if (card.parentElement !== from) from.insertBefore(card, next);
    if (answer) showRefusal(column, answer.data.message ?? "That move was refused. Nothing changed.");
    return;
  }
  await refresh(card.dataset.id);
  const now = board.querySelector(`[data-id="${card.dataset.id}"]`)?.closest("[data-column]");
  const waits = now && now === from.closest("[data-column]");
  announce(waits ? `${move.label} waits for an approval. Nothing was changed yet.` : `${move.label}: moved to ${nameOf(column)}`);
}

function showRefusal(column, message) {
  refuse(column, message);
  announce(message);
  setTimeout(() => (column.querySelector(".fs-refuse").hidden = true), 8000);
}

/** Take over counts, sums and cards as they are now, and keep the cursor. */
async function refresh(id) {
  moves.clear();
  const answer = await get(board.dataset.self, { accept: "text/html" });
  if (answer.status !== 200) return;
  morph(board, answer.html);
  rememberList();
  moveTo(board.querySelector(`[data-id="${id}"]`));
}

// -- the cursor

const cursor = () => board.querySelector(".fs-card.fs-cursor");

function moveTo(card) {
  if (!card) return;
  cursor()?.classList.remove("fs-cursor");
  card.classList.add("fs-cursor");
  card.querySelector("[data-open]").focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function step(by) {
  const at = cursor();
  const list = cards(at?.closest("[data-column]") ?? columns().find((column) => cards(column).length) ?? board);
  moveTo(list[Math.min(Math.max(list.indexOf(at) + by, 0), list.length - 1)]);
}

function aside(by) {
  const at = cursor();
  if (!at) return step(1);
  const row = cards(at.closest("[data-column]")).indexOf(at);
  const filled = columns().filter((column) => cards(column).length);
  const next = filled[filled.indexOf(at.closest("[data-column]")) + by];
  if (next) moveTo(cards(next)[Math.min(row, cards(next).length - 1)]);
}

async function chooseMove() {
  const card = cursor();
  if (!card) return;
  await loadDialog(`${cardUrl(card)}/move`);
}

if (board) {
  board.addEventListener("pointerdown", press);
  addEventListener("pointermove", follow, { passive: false });
  addEventListener("pointerup", drop);
  addEventListener("pointercancel", () => drag && release());
  board.addEventListener("touchmove", (event) => drag?.copy && event.preventDefault(), { passive: false });
  for (const [keys, move] of [[["j", "ArrowDown"], () => step(1)], [["k", "ArrowUp"], () => step(-1)], [["ArrowRight"], () => aside(1)], [["ArrowLeft"], () => aside(-1)]]) {
    for (const key of keys) onKey(key, () => (document.activeElement.closest("details, .fs-bar") ? false : move()));
  }
  onKey("m", () => (chooseMove(), true));
  board.addEventListener("focusin", (event) => {
    const card = event.target.closest(".fs-card");
    if (card && card !== cursor()) {
      cursor()?.classList.remove("fs-cursor");
      card.classList.add("fs-cursor");
    }
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#dialog a[data-transition]");
    if (!link) return;
    event.preventDefault();
    const card = cursor();
    const id = card.dataset.id;
    ask(link.href).then((answer) => {
      if (answer?.status === 200) refresh(id);
      else if (answer) showRefusal(card.closest("[data-column]"), answer.data.message ?? "That move was refused.");
    });
  });
}
