// Dialogs: native <dialog>, so that focus stays inside and comes back, and Esc closes one layer.
import { get } from "./request.js";

export function openDialog(dialog) {
  if (!dialog.open) dialog.showModal();
}

export function closeDialog(dialog) {
  if (dialog?.open) dialog.close();
}

/** The shared dialog with this content; resolves to the element inside. */
export function showInDialog(html) {
  const dialog = document.getElementById("dialog");
  dialog.innerHTML = html;
  openDialog(dialog);
  document.dispatchEvent(new CustomEvent("fs:changed", { detail: dialog }));
  const first = dialog.querySelector("input:not([type=hidden]), select, textarea, .fs-item:not([aria-disabled]), .btn-primary");
  first?.focus();
  return dialog.firstElementChild;
}

/** Fetch a page's dialog and show it. Returns the answer, so that a caller can tell a refusal. */
export async function loadDialog(url) {
  const answer = await get(url, { accept: "text/html" });
  if (answer.html) showInDialog(answer.html);
  return answer;
}

export const sharedDialog = () => document.getElementById("dialog");

document.addEventListener("click", (event) => {
  const dialog = event.target.closest("dialog");
  if (!dialog) return;
  const closer = event.target.closest("[data-close]");
  if (closer) event.preventDefault();
  if (closer || event.target === dialog) closeDialog(dialog);
});

// Arrow keys, Home and End move within a group of items; digits pick one.
document.addEventListener("keydown", (event) => {
  const group = event.target.closest?.("dialog")?.querySelector("[data-arrows]");
  if (!group) return;
  const items = [...group.querySelectorAll(".fs-item:not([aria-disabled])")];
  if (/^[1-9]$/.test(event.key) && items[event.key - 1]) return items[event.key - 1].click();
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (!step || !items.length) return;
  event.preventDefault();
  const at = items.indexOf(document.activeElement);
  items[(at + step + items.length) % items.length].focus();
});
