// Text with numbers beside its lines: they follow what is typed and scrolled, and a problem leads to its line.
function number(text) {
  const numbers = text.parentElement.querySelector("[data-line-numbers]");
  const wrong = new Set([...numbers.querySelectorAll(".fs-lined-wrong")].map((one) => one.textContent));
  const count = text.value.split("\n").length;
  if (numbers.childElementCount === count) return;
  numbers.replaceChildren(
    ...Array.from({ length: count }, (_, at) => {
      const line = document.createElement("span");
      line.textContent = String(at + 1);
      line.classList.toggle("fs-lined-wrong", wrong.has(line.textContent));
      return line;
    }).flatMap((line) => [line, "\n"]),
  );
}

function follow(text) {
  text.parentElement.querySelector("[data-line-numbers]").scrollTop = text.scrollTop;
}

function goTo(text, line, column) {
  const lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  const end = start + (lines[line - 1] ?? "").length;
  text.focus();
  text.setSelectionRange(Math.min(start + Math.max(column - 1, 0), end), end);
  text.scrollTop = Math.max(0, (line - 4) * Number.parseFloat(getComputedStyle(text).lineHeight));
}

document.addEventListener("input", (event) => {
  const text = event.target.closest?.("textarea[data-lined]");
  if (text) number(text);
});
document.addEventListener("scroll", (event) => event.target.matches?.("textarea[data-lined]") && follow(event.target), true);
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-line]");
  const text = link && document.querySelector(link.getAttribute("href"));
  if (!text) return;
  event.preventDefault();
  goTo(text, Number(link.dataset.line), Number(link.dataset.column));
});
