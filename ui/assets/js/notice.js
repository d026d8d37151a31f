// What has just been done: told to screen readers, and closed with its button or Esc. Z takes it back.
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

document.addEventListener("click", (event) => event.target.closest("[data-close-notice]") && close());
onEscape(45, close);
if (notice()) announce(notice().querySelector("[data-notice-text]").textContent);
