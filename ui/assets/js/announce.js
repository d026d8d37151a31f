// Says something to a screen reader without moving the focus.
export function announce(message) {
  const place = document.getElementById("announce");
  if (!place) return;
  place.textContent = "";
  requestAnimationFrame(() => (place.textContent = message));
}
