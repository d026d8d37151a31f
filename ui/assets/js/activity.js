// Writing comments: Ctrl Enter sends, and the box grows with the text.
document.addEventListener("keydown", (event) => {
  const box = event.target.closest?.("[data-compose] textarea");
  if (!box || event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
  event.preventDefault();
  box.form.requestSubmit();
});

document.addEventListener("input", (event) => {
  const box = event.target.closest?.("[data-compose] textarea");
  if (!box || CSS.supports("field-sizing", "content")) return;
  box.rows = Math.min(12, box.value.split("\n").length);
});
