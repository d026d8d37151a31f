// Sections of a record that somebody folded away stay so, on all records of the kind; a field that is needed unfolds its own.
const form = document.querySelector("form[data-record]");
const key = `fs-folded:${form?.dataset.entity}`;
const folded = () => new Set(JSON.parse(localStorage.getItem(key) ?? "[]"));

function keep(fold) {
  const names = folded();
  if (fold.open) names.delete(fold.dataset.fold);
  else names.add(fold.dataset.fold);
  localStorage.setItem(key, JSON.stringify([...names]));
}

if (form) {
  const names = form.dataset.mode === "read" ? folded() : new Set();
  for (const fold of form.querySelectorAll("details[data-fold]")) if (names.has(fold.dataset.fold)) fold.open = false;
  document.addEventListener("click", (event) => {
    const fold = event.target.closest("details[data-fold] > summary")?.parentElement;
    if (fold && form.dataset.mode === "read") requestAnimationFrame(() => keep(fold));
  });
  document.addEventListener("fs:reveal", (event) => {
    const fold = event.target.closest("details[data-fold]:not([open])");
    if (fold) fold.open = true;
  });
}
