// Merging records: whichever is to stay brings its own values, but for those that were chosen by hand or are empty.
const form = document.querySelector("form[data-merge]");

form?.addEventListener("change", (event) => {
  const chosen = event.target;
  if (chosen.name !== "kept") return chosen.setAttribute("data-by-hand", "");
  for (const radio of form.querySelectorAll(`input[name^="take."][value="${CSS.escape(chosen.value)}"]:not([data-empty])`)) {
    const group = form.querySelectorAll(`input[name="${CSS.escape(radio.name)}"]`);
    if (![...group].some((one) => one.hasAttribute("data-by-hand"))) radio.checked = true;
  }
});
