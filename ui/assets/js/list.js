// The cursor of a list: J K or arrows move it, Enter opens, L loads more; coming back finds the same row.
import { onKey, typing } from "./keyboard.js";
import { rememberList, rememberPlace, takePlace } from "./places.js";

const region = document.querySelector("[data-list]");
const rows = () => [...region.querySelectorAll("tbody tr[data-id]")];
export const cursor = () => region?.querySelector("tr.fs-cursor") ?? null;

/** Put the cursor on a row and bring it into view. */
export function moveTo(row) {
  cursor()?.classList.remove("fs-cursor");
  if (!row) return;
  row.classList.add("fs-cursor");
  row.scrollIntoView({ block: "nearest" });
  row.querySelector("[data-open]")?.focus({ preventScroll: true });
}

function step(by) {
  const list = rows();
  const at = list.indexOf(cursor());
  moveTo(list[Math.min(Math.max(at + by, 0), list.length - 1)]);
}

if (region) {
  const move = (by) => (event) => {
    if (event.key.startsWith("Arrow") && document.activeElement.closest("details, .fs-tabs, .fs-bar")) return false;
    step(by);
  };
  onKey("j", move(1));
  onKey("k", move(-1));
  onKey("ArrowDown", move(1));
  onKey("ArrowUp", move(-1));
  onKey("Enter", () => {
    if (!cursor() || document.activeElement.matches("a, button, summary, input")) return false;
    cursor().querySelector("[data-open]").click();
  });
  region.addEventListener("focusin", (event) => {
    const row = event.target.closest("tr[data-id]");
    if (row && row !== cursor() && !typing()) {
      cursor()?.classList.remove("fs-cursor");
      row.classList.add("fs-cursor");
    }
  });
  region.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-id]");
    if (!row) return;
    rememberPlace(row.dataset.id);
    if (event.target.closest("a, button, input, label, select, textarea, form") || getSelection().toString()) return;
    openUnlessDouble(event, row);
  });
  document.addEventListener("click", sortByMore, true);
  document.addEventListener("htmx:afterSettle", grown);
  comeBack();
}

// A click on a row opens its record; on a cell that can be edited it waits for a second click, which edits it.
let waiting = 0;
function openUnlessDouble(event, row) {
  clearTimeout(waiting);
  if (event.detail > 1) return;
  const go = () => row.isConnected && row.querySelector("[data-open]").click();
  if (event.target.closest("td[data-cell]")) waiting = setTimeout(go, 260);
  else go();
}

// Shift and a head: sort by this column too.
function sortByMore(event) {
  const head = event.target.closest?.("[data-sort-more]");
  if (!head || !event.shiftKey) return;
  event.preventDefault();
  location.href = head.dataset.sortMore;
}

// After "load more" the address says how many rows there are, so that coming back shows as many.
function grown() {
  const count = rows().length;
  for (const place of document.querySelectorAll("[data-shown]")) place.textContent = count.toLocaleString(document.documentElement.lang);
  const url = new URL(location.href);
  if (count > 50 && !url.searchParams.has("cursor")) {
    url.searchParams.set("limit", String(Math.min(count, 500)));
    history.replaceState(history.state, "", url);
  }
  rememberList();
}

function comeBack() {
  const place = takePlace();
  if (!place) return;
  region.scrollTop = place.top;
  const row = rows().find((one) => one.dataset.id === place.id);
  if (row) moveTo(row);
}
