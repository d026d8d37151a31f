// A signature: drawn with a pointer, or written from a typed name, and uploaded as a picture.
import { put, upload } from "./uploads.js";

const INK = "#1c2024";
const boxOf = (element) => element?.closest?.("[data-sign]");
const pad = (box) => box.querySelector("canvas");

/** Offer drawing and typing in each signature field below an element. */
export function prepareSignatures(root) {
  for (const box of root.querySelectorAll("[data-sign]:not([data-ready])")) begin(box);
}

function begin(box) {
  box.dataset.ready = "";
  box.querySelector("[data-sign-tools]").hidden = false;
  const canvas = pad(box);
  canvas.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    const pen = ink(canvas);
    pen.beginPath();
    pen.moveTo(...at(canvas, event));
    canvas.dataset.drawing = "";
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.dataset.drawing === undefined) return;
    const pen = ink(canvas);
    pen.lineTo(...at(canvas, event));
    pen.stroke();
    canvas.dataset.inked = "";
  });
  canvas.addEventListener("pointerup", () => delete canvas.dataset.drawing);
}

function ink(canvas) {
  const pen = canvas.getContext("2d");
  Object.assign(pen, { strokeStyle: INK, fillStyle: INK, lineWidth: 3, lineCap: "round", lineJoin: "round" });
  return pen;
}

function at(canvas, event) {
  const place = canvas.getBoundingClientRect();
  return [(event.clientX - place.left) * (canvas.width / place.width), (event.clientY - place.top) * (canvas.height / place.height)];
}

function clear(box) {
  const canvas = pad(box);
  canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
  delete canvas.dataset.inked;
}

function write(box, name) {
  const canvas = pad(box);
  clear(box);
  const pen = ink(canvas);
  pen.font = "italic 64px cursive";
  pen.textBaseline = "middle";
  pen.fillText(name, 24, canvas.height / 2, canvas.width - 48);
  if (name.trim()) canvas.dataset.inked = "";
}

async function use(box) {
  const note = box.querySelector("[data-upload-note]");
  if (pad(box).dataset.inked === undefined) {
    note.textContent = "Draw a signature or type a name first.";
    return;
  }
  note.textContent = "";
  const picture = await new Promise((resolve) => pad(box).toBlob(resolve, "image/png"));
  const answer = await upload("/api/v1/files", picture, "signature.png");
  if (answer.status === 201) put(box, answer.data);
  else note.textContent = answer.data.detail;
}

document.addEventListener("input", (event) => {
  if (event.target.matches?.("[data-sign-typed]")) write(boxOf(event.target), event.target.value);
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-sign-clear]")) {
    clear(boxOf(event.target));
    boxOf(event.target).querySelector("[data-sign-typed]").value = "";
  }
  if (event.target.closest?.("[data-sign-use]")) use(boxOf(event.target));
});

prepareSignatures(document);
