// Where one came from: a list remembers its rows and scroll, and a record offers the next and the previous one.
import { get } from "./request.js";

const KEY = "fs-list";
const read = () => JSON.parse(sessionStorage.getItem(KEY) ?? "null");

/** Remember the list on this page; called again when rows are added. */
export function rememberList() {
  const region = document.querySelector("[data-list], [data-board], [data-tree]");
  if (!region) return;
  const rows = [...region.querySelectorAll("[data-id]")];
  const list = {
    entity: region.dataset.entity,
    url: location.pathname + location.search,
    ids: rows.map((row) => row.dataset.id),
    more: document.querySelector("[data-list]") ? document.querySelector("[data-more]")?.getAttribute("href") ?? null : null,
    total: document.querySelector("#sums [data-total]")?.dataset.total ?? null,
  };
  sessionStorage.setItem(KEY, JSON.stringify(list));
}

/** Keep the place in the list: its scroll and the row under the cursor. */
export function rememberPlace(id) {
  const region = document.querySelector("[data-list]");
  if (region) sessionStorage.setItem("fs-place", JSON.stringify({ url: location.pathname + location.search, top: region.scrollTop, id }));
}

/** The remembered place of the list on this page, once. */
export function takePlace() {
  const place = JSON.parse(sessionStorage.getItem("fs-place") ?? "null");
  return place?.url === location.pathname + location.search ? place : null;
}

async function showNeighbours() {
  const form = document.querySelector("form[data-record][data-id][data-mode=read]");
  const list = read();
  if (!form || list?.entity !== form.dataset.entity) return;
  for (const link of document.querySelectorAll("[data-back]")) link.href = list.url;
  const at = list.ids.indexOf(form.dataset.id);
  if (at < 0) return;
  const total = list.total ?? (list.ids.length > 1 && !list.more ? list.ids.length : null);
  if (total) document.querySelector("[data-place]").textContent = `${at + 1} of ${Number(total).toLocaleString(document.documentElement.lang)}`;
  const place = document.querySelector("[data-neighbours]");
  place.hidden = false;
  link(place.querySelector("[data-previous]"), form, list.ids[at - 1]);
  if (at === list.ids.length - 1 && list.more) await goOn(list);
  link(place.querySelector("[data-next]"), form, list.ids[at + 1]);
}

/** The list goes on after the rows that were shown: find out how. */
async function goOn(list) {
  const answer = await get(list.more, { accept: "text/html" });
  if (answer.status !== 200) return;
  const rows = document.createElement("template");
  // Rows stand in a table, and the foot of the list in a template of its own.
  rows.innerHTML = `<table><tbody>${answer.html}</tbody></table>`;
  list.ids.push(...[...rows.content.querySelectorAll("tr[data-id]")].map((row) => row.dataset.id));
  list.more = rows.content.querySelector("template")?.content.querySelector("[data-more]")?.getAttribute("href") ?? null;
  sessionStorage.setItem(KEY, JSON.stringify(list));
}

/** Where a button leads; one that leads nowhere keeps its room, so that the other stays under the pointer. */
function link(element, form, id) {
  if (id) element.href = `/e/${form.dataset.entity}/${id}`;
  else element.removeAttribute("href");
}

rememberList();
showNeighbours();
document.addEventListener("htmx:afterSettle", rememberList);
