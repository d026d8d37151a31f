// Runs before the first paint: sets the theme that was chosen, or the system's.
{
  const chosen = localStorage.getItem("fs-theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = (theme) => {
    document.documentElement.dataset.bsTheme = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
  };
  show(chosen ?? "auto");
  dark.addEventListener("change", () => show(localStorage.getItem("fs-theme") ?? "auto"));
  addEventListener("fs:theme", (event) => {
    localStorage.setItem("fs-theme", event.detail);
    show(event.detail);
  });
}
