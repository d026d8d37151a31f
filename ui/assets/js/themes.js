// The theme switches: on the profile, in the palette, and on the log-in page.
const NAMES = { light: "Light", dark: "Dark", auto: "Like my system" };
const chosen = () => localStorage.getItem("fs-theme") ?? "auto";

function choose(theme) {
  dispatchEvent(new CustomEvent("fs:theme", { detail: theme }));
  reflect();
}

function reflect() {
  for (const button of document.querySelectorAll("button[data-choose]")) {
    if (button.hasAttribute("aria-pressed")) button.setAttribute("aria-pressed", String(button.dataset.choose === chosen()));
  }
  for (const name of document.querySelectorAll("[data-theme-name]")) name.textContent = NAMES[chosen()];
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-choose]");
  if (button) choose(button.dataset.choose);
  if (event.target.closest("[data-theme-next]")) {
    const order = Object.keys(NAMES);
    choose(order[(order.indexOf(chosen()) + 1) % order.length]);
  }
});

reflect();
