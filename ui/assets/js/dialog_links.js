// Links that open a dialog: a page of its own without a script (data-dialog).
import { loadDialog, sharedDialog } from "./dialogs.js";
import { tell } from "./notice.js";

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  link.closest("details.fs-menu")?.removeAttribute("open");
  const answer = await loadDialog(link.href);
  if (!answer.html) goThere(link.href, answer);
});

// A form in a dialog that asks for the same dialog again, about something else.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("dialog form[data-dialog-form]");
  if (!form) return;
  event.preventDefault();
  const address = `${form.action}?${new URLSearchParams(new FormData(form))}`;
  const answer = await loadDialog(address);
  if (!answer.html) goThere(address, answer);
  else sharedDialog().querySelector("[data-focus]")?.focus();
});

/** The page itself, where there is no dialog for it; a server that does not answer has neither. */
function goThere(address, { status, data }) {
  if (status) location.href = address;
  else tell(data.message);
}
