// Sharing a record: the dialog stays open, shows what became of it, and puts the focus where one goes on.
import { sharedDialog, showInDialog } from "./dialogs.js";
import { htmx } from "./htmx.js";
import { send } from "./request.js";

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("dialog form[data-share-form]");
  if (!form) return;
  event.preventDefault();
  const answer = await send(form.action, { body: new FormData(form), accept: "text/html, application/json" });
  if (!answer.html) return tell(answer.data.message ?? "That did not work. Nothing changed.");
  showInDialog(answer.html).querySelector("[data-focus]")?.focus();
  if (answer.status === 200) showWhatHappened();
});

function tell(message) {
  const note = sharedDialog().querySelector("[data-share-problem]");
  note.hidden = false;
  note.querySelector("span").textContent = message;
}

/** The timeline beside the record names whom it was shared with. */
function showWhatHappened() {
  const timeline = document.querySelector("#activity[hx-get]");
  if (timeline) htmx.ajax("GET", timeline.getAttribute("hx-get"), { target: timeline, swap: "innerHTML" });
}
