// Menus are <details>: a click elsewhere or Esc closes them, arrows move inside, and only one is open.
import { onEscape } from "./keyboard.js";

const openMenus = () => [...document.querySelectorAll("details.fs-menu[open]")];

document.addEventListener("click", (event) => {
  const inside = event.target.closest("details.fs-menu");
  if (inside && event.target.closest("[data-close]")) {
    event.preventDefault();
    inside.open = false;
    inside.querySelector("summary").focus();
  }
  for (const menu of openMenus()) if (menu !== inside) menu.open = false;
});

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!menu.matches?.("details.fs-menu") || !menu.open) return;
  for (const other of openMenus()) if (other !== menu) other.open = false;
  menu.querySelector(".fs-pop :is(select, input:not([type=hidden]), textarea, .fs-item)")?.focus();
}, true);

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details.fs-menu[open]");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const items = menu ? [...menu.querySelectorAll(".fs-item")] : [];
  if (!step || !items.length) return;
  event.preventDefault();
  const at = items.indexOf(document.activeElement);
  items[(at + step + items.length) % items.length].focus();
});

onEscape(10, () => {
  const [menu] = openMenus();
  if (!menu) return false;
  menu.open = false;
  menu.querySelector("summary").focus();
  return true;
});

// The menu of a phone is the sidebar, drawn over the page.
const side = document.getElementById("side");
const veil = document.querySelector("[data-drawer-close]");

function drawer(open) {
  side?.classList.toggle("fs-side-open", open);
  if (veil) veil.hidden = !open;
  if (open) side?.querySelector("a")?.focus();
}

document.querySelector("[data-drawer]")?.addEventListener("click", () => drawer(true));
veil?.addEventListener("click", () => drawer(false));
onEscape(20, () => {
  if (!side?.classList.contains("fs-side-open")) return false;
  drawer(false);
  return true;
});
