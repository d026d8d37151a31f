// Formatted text is typed as it will look. What is kept stands in a textarea; the server cleans it when it is saved.
const ADDRESS = /^https?:\/\/\S+$/;

/** Put the editor in place of each textarea of formatted text below an element. */
export function prepareRich(root) {
  for (const box of root.querySelectorAll("[data-rich]:not([data-ready])")) begin(box);
}

function begin(box) {
  const source = box.querySelector("textarea");
  const text = box.querySelector("[data-rich-text]");
  box.dataset.ready = "";
  text.innerHTML = source.value;
  text.contentEditable = "true";
  text.tabIndex = 0;
  text.hidden = box.querySelector("[data-rich-bar]").hidden = false;
  source.classList.add("visually-hidden");
  source.tabIndex = -1;
  source.setAttribute("aria-hidden", "true");
  source.addEventListener("focus", () => text.focus());
  text.addEventListener("focus", () => document.execCommand("defaultParagraphSeparator", false, "p"));
  text.addEventListener("input", () => keep(source, text));
  text.addEventListener("paste", paste);
  box.querySelector("[data-rich-bar]").addEventListener("mousedown", (event) => event.preventDefault());
}

function keep(source, text) {
  source.value = text.textContent.trim() ? text.innerHTML : "";
  source.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Paste plain text; an address over a selection makes a link of it. */
function paste(event) {
  event.preventDefault();
  const pasted = event.clipboardData.getData("text/plain");
  const linked = ADDRESS.test(pasted.trim()) && getSelection().toString();
  document.execCommand(linked ? "createLink" : "insertText", false, linked ? pasted.trim() : pasted);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-rich-do]");
  if (!button) return;
  button.closest("[data-rich]").querySelector("[data-rich-text]").focus();
  document.execCommand(button.dataset.richDo);
  showPressed();
});

document.addEventListener("selectionchange", showPressed);

function showPressed() {
  const box = document.activeElement?.closest?.("[data-rich]");
  for (const button of box?.querySelectorAll("[data-rich-do]") ?? []) {
    button.setAttribute("aria-pressed", String(document.queryCommandState(button.dataset.richDo)));
  }
}

prepareRich(document);
