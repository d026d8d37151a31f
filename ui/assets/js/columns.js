// The chooser of columns: arrows, Alt with the arrow keys, and dragging move a line; a checked one joins the others.
const lineOf = (element) => element?.closest?.("[data-column-line]") ?? null;
const checked = (line) => line.querySelector("input").checked;

function move(line, down) {
  const other = down ? line.nextElementSibling : line.previousElementSibling;
  if (other) other[down ? "after" : "before"](line);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-column-form] :is([name=up], [name=down])");
  if (!button) return;
  event.preventDefault();
  move(lineOf(button), button.name === "down");
  button.focus();
});

document.addEventListener("keydown", (event) => {
  const line = lineOf(event.target);
  if (!line || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  move(line, event.key === "ArrowDown");
  event.target.focus();
}, true);

// A field that becomes a column stands after the last one.
document.addEventListener("change", (event) => {
  const line = event.target.matches("[data-column-line] input") ? lineOf(event.target) : null;
  if (!line || !checked(line)) return;
  const last = [...line.parentElement.children].filter((one) => one !== line && checked(one)).at(-1);
  if (last) last.after(line);
  else line.parentElement.prepend(line);
  event.target.focus();
});

let dragged = null;
document.addEventListener("dragstart", (event) => {
  dragged = lineOf(event.target);
});
document.addEventListener("dragover", (event) => {
  const over = dragged && lineOf(event.target);
  if (!over || over === dragged) return;
  event.preventDefault();
  const { top, height } = over.getBoundingClientRect();
  over[event.clientY < top + height / 2 ? "before" : "after"](dragged);
});
document.addEventListener("dragend", () => {
  dragged = null;
});
