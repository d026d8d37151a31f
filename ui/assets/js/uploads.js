// Files: chosen in a field or dropped on a record, sent as they are with progress, and never sent twice.
import { announce } from "./announce.js";
import { htmx } from "./htmx.js";
import { mended } from "./request.js";
import { csrfToken } from "./session.js";

const LOST = "The server does not answer. Nothing is lost: try again in a moment.";

/** Send a content to an address. Resolves to {status, data}; `onProgress` is told the part that has gone, 0 to 1. */
export async function upload(address, content, name, onProgress, again = true) {
  const url = new URL(address, location.href);
  url.searchParams.set("name", name);
  const answer = await sent(url, content, onProgress);
  if (again && (await mended(answer))) return upload(address, content, name, onProgress, false);
  return answer;
}

function sent(url, content, onProgress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => onProgress?.(event.loaded / event.total));
    request.addEventListener("load", () => resolve({ status: request.status, data: JSON.parse(request.responseText || "{}") }));
    request.addEventListener("error", () => resolve({ status: 0, data: { detail: LOST } }));
    request.send(content);
  });
}

/** A line that shows how far an upload is. */
function progressLine(place, name) {
  const line = document.createElement("label");
  line.className = "fs-upload";
  const text = document.createElement("span");
  text.textContent = name;
  const bar = document.createElement("progress");
  bar.max = 1;
  line.append(text, bar);
  place.append(line);
  return { line, moved: (part) => { bar.value = part; } };
}

async function uploadEach(files, address, place, then) {
  for (const file of files) {
    const { line, moved } = progressLine(place, file.name);
    const answer = await upload(address, file, file.name, moved);
    line.remove();
    if (answer.status === 201) then(answer.data);
    else complain(place, answer.data.detail ?? LOST);
  }
}

function complain(place, message) {
  const note = document.createElement("p");
  note.className = "fs-error";
  note.setAttribute("role", "alert");
  note.textContent = message;
  place.append(note);
}

// -- in a field of a form: what was chosen is sent at once, and stands in the form as the file that it became

const fieldBox = (element) => element.closest?.("[data-files]");

function chip(name, file) {
  const label = document.createElement("label");
  label.className = "fs-chip";
  const box = Object.assign(document.createElement("input"), { type: "checkbox", name, value: `file:${file.id}`, checked: true, className: "form-check-input" });
  const before = document.createElement("span");
  const text = document.createElement("b");
  before.append(box);
  text.textContent = file.name;
  label.append(before, text);
  return label;
}

/** Put a file that has been uploaded into a field, in the place of the one before where it holds one. */
export function put(box, file) {
  const picked = box.querySelector("[data-files-picked]");
  if (!box.hasAttribute("data-files-many")) picked.replaceChildren();
  picked.append(chip(box.dataset.name, file));
  picked.dispatchEvent(new Event("input", { bubbles: true }));
  announce(`${file.name} uploaded`);
}

document.addEventListener("change", (event) => {
  const box = event.target.matches?.('input[type="file"]') && fieldBox(event.target);
  if (!box) return;
  const files = [...event.target.files];
  event.target.value = "";
  const place = box.querySelector("[data-upload-note]");
  place.replaceChildren();
  uploadEach(files, "/api/v1/files", place, (file) => put(box, file));
}, true);

// -- attached to a record: chosen in the list of its files, or dropped anywhere on its page

const beside = () => document.querySelector("[data-attach]");

async function attach(files) {
  const place = beside();
  const activity = document.getElementById("activity");
  const notes = place.querySelector("[data-attach-notes]");
  notes.replaceChildren();
  const done = [];
  await uploadEach(files, place.dataset.attach, notes, (file) => done.push(file.name));
  if (!done.length) return;
  htmx.ajax("GET", place.dataset.attachList, { target: activity, swap: "innerHTML" });
  announce(done.length === 1 ? `${done[0]} added` : `${done.length} files added`);
}

document.addEventListener("change", (event) => {
  if (!beside() || !event.target.matches?.("[data-attach-form] input[type=file]")) return;
  const files = [...event.target.files];
  event.target.value = "";
  attach(files);
});

const bringsFiles = (event) => beside() && event.dataTransfer?.types.includes("Files");

document.addEventListener("dragover", (event) => {
  if (!bringsFiles(event)) return;
  event.preventDefault();
  document.getElementById("page-record").classList.add("fs-dropping");
});

document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.getElementById("page-record")?.classList.remove("fs-dropping");
});

document.addEventListener("drop", (event) => {
  if (!bringsFiles(event)) return;
  event.preventDefault();
  document.getElementById("page-record").classList.remove("fs-dropping");
  attach([...event.dataTransfer.files]);
});
