// Moving a record on: the buttons beside its title, the reasons of the refused ones, the menu behind M.
import { announce } from "./announce.js";
import { closeDialog, loadDialog, sharedDialog, showInDialog } from "./dialogs.js";
import { onKey } from "./keyboard.js";
import { hasChanges, saved, showBar } from "./record.js";
import { send } from "./request.js";

const recordForm = () => document.querySelector("form[data-record][data-id]");

/** Send a transition. Resolves to the answer; a refusal is shown in the dialog it came from. */
export async function perform(url, body) {
  const answer = await send(url, { body, accept: "text/html, application/json" });
  if ([412, 422].includes(answer.status) && answer.html) showInDialog(answer.html);
  return answer;
}

/** Ask for what a transition needs; resolves to the answer, or null if somebody thought better of it. */
export async function ask(url) {
  const loaded = await loadDialog(url);
  if (!loaded.html) return loaded;
  return new Promise((resolve) => {
    const listeners = new AbortController();
    const { signal } = listeners;
    const settle = (answer) => {
      listeners.abort();
      resolve(answer);
    };
    document.addEventListener("submit", async (event) => {
      const form = event.target.closest("form[data-transition-form]");
      if (!form) return;
      event.preventDefault();
      const answer = await perform(form.action, new FormData(form));
      if (answer.status === 200 || !answer.html) {
        closeDialog(sharedDialog());
        settle(answer);
      }
    }, { signal });
    sharedDialog().addEventListener("close", () => settle(null), { signal });
  });
}

async function move(link) {
  if (hasChanges()) {
    showBar();
    document.querySelector("[data-save]")?.focus();
    return announce("Save or discard your changes before moving on.");
  }
  const answer = await ask(link.href);
  if (answer?.status === 200 && answer.html) saved(answer.html);
  else if (answer && answer.status !== 200) tell(answer.data.message ?? "That move was refused. Nothing changed.");
}

function tell(message) {
  const text = document.createElement("p");
  text.textContent = message;
  showInDialog(`<div class="fs-dialog fs-dialog-narrow"><div class="fs-dialog-head"><h2 id="dialog-title">That did not work</h2>${text.outerHTML}</div><div class="fs-dialog-foot"><span class="fs-end"></span><button class="btn" type="button" data-close>Close</button></div></div>`);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-transition]");
  if (link && recordForm()) {
    event.preventDefault();
    move(link);
  }
  const button = event.target.closest("[data-why-button]");
  if (button) toggleWhy(button);
});

function toggleWhy(button) {
  const open = button.getAttribute("aria-expanded") !== "true";
  for (const other of document.querySelectorAll("[data-why-button]")) {
    const on = open && other.getAttribute("aria-controls") === button.getAttribute("aria-controls");
    other.setAttribute("aria-expanded", String(on));
    document.getElementById(other.getAttribute("aria-controls")).hidden = !on;
  }
}

onKey("m", () => {
  const form = recordForm();
  if (!form) return false;
  loadDialog(`/e/${form.dataset.entity}/${form.dataset.id}/move`);
});
