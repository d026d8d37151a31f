// What has just been done, or did not work: shown, told to screen readers, and closed with its button or Esc. Z takes it back.
import { announce } from "./announce.js";
import { onEscape } from "./keyboard.js";

const notice = () => document.querySelector("[data-notice]");

function close() {
  if (!notice()) return false;
  const inside = notice().contains(document.activeElement);
  notice().remove();
  if (inside) document.getElementById("main")?.focus();
  return true;
}

/** Show a message over the foot of the page, in place of the one that is there; over a dialog while one is open. */
export function tell(message) {
  close();
  const told = document.querySelector("template[data-told]").content.firstElementChild.cloneNode(true);
  told.querySelector("[data-notice-text]").textContent = message;
  (document.querySelector("dialog[open]") ?? document.body).append(told);
  announce(message);
}

document.addEventListener("click", (event) => event.target.closest("[data-close-notice]") && close());
onEscape(45, close);
if (notice()) announce(notice().querySelector("[data-notice-text]").textContent);
