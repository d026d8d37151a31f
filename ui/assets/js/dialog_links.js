// Links that open a dialog: a page of its own without a script (data-dialog).
import { loadDialog } from "./dialogs.js";

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  link.closest("details.fs-menu")?.removeAttribute("open");
  const answer = await loadDialog(link.href);
  if (!answer.html) location.href = link.href;
});
