// The editor of the studio: what is typed goes into the draft a moment later, and mistakes are marked at their lines.
import { announce } from "./announce.js";
import { morph } from "./htmx.js";
import { send } from "./request.js";

const PAUSE = 500;
const form = document.querySelector("form[data-studio-text]");
const text = form?.querySelector("textarea");
let kept = text?.value;
let pause = 0;
let sending = false;
let again = false;

/** Keep what is typed. One request at a time, in order, so that an older text never lands over a newer one. */
async function keep(over) {
  clearTimeout(pause);
  if (sending) {
    again = true;
    return;
  }
  sending = true;
  const sent = text.value;
  const body = new FormData(form);
  if (over) body.set("over", over);
  const answer = await send(form.action, { body, accept: "text/html" });
  sending = false;
  if (answer.html) show(answer.html, sent);
  else announce(answer.data?.message ?? "It could not be kept.");
  if (again) {
    again = false;
    keep();
  }
}

function show(html, sent) {
  const place = document.querySelector("[data-studio-checked]");
  morph(place, html);
  const state = place.querySelector("[data-studio-state]");
  const refused = place.querySelector("[role=alert]");
  if (!refused) kept = sent;
  form.elements.seen.value = state.dataset.seen;
  count(Number(state.dataset.changes));
  mark(new Set([...place.querySelectorAll("[data-wrong-line]")].map((one) => one.dataset.wrongLine)));
  const wrong = place.querySelectorAll(".fs-troubles > li").length;
  announce(refused?.textContent ?? (wrong ? `Kept. ${wrong} to look at.` : "Kept. No problems."));
}

function mark(wrong) {
  text.parentElement.classList.toggle("is-invalid", wrong.size > 0);
  for (const line of text.parentElement.querySelectorAll("[data-line-numbers] > span")) {
    line.classList.toggle("fs-lined-wrong", wrong.has(line.textContent));
  }
}

function count(changes) {
  const bar = document.querySelector("[data-draft-bar]");
  if (bar) bar.hidden = changes === 0;
  for (const one of document.querySelectorAll("[data-draft-count]")) one.textContent = changes || "";
  for (const one of document.querySelectorAll("[data-draft-files]")) one.textContent = `${changes} ${changes === 1 ? "file" : "files"}`;
}

if (form && !text.readOnly) {
  text.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(keep, PAUSE);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keep(event.submitter?.name === "over" ? event.submitter.value : undefined);
  });
  // What is not kept yet is not lost without a question.
  addEventListener("beforeunload", (event) => text.value !== kept && event.preventDefault());
}

// An address with #L12 opens the text at that line.
const line = Number(/^#L(\d+)$/.exec(location.hash)?.[1] ?? 0);
if (text && line) {
  const lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  text.focus();
  text.setSelectionRange(start, start);
  text.scrollTop = Math.max(0, (line - 4) * Number.parseFloat(getComputedStyle(text).lineHeight));
}

