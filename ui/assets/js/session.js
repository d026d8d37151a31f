// The session: its CSRF token, and logging in again in place when it ended, so that nothing typed is lost.
import { closeDialog, openDialog } from "./dialogs.js";

const meta = () => document.querySelector('meta[name="csrf-token"]');

export const csrfToken = () => meta()?.content ?? "";

/** Put a new token wherever a form would send the old one. */
export function renewToken(token) {
  if (!token) return;
  meta().content = token;
  for (const input of document.querySelectorAll('input[name="csrf_token"]')) input.value = token;
}

let waiting = null;

/** Ask to log in; resolves to whether somebody is logged in again. Several requests wait for one answer. */
export function logInAgain() {
  waiting ??= ask().finally(() => (waiting = null));
  return waiting;
}

function ask() {
  const dialog = document.getElementById("log-in-again");
  if (!dialog) {
    location.reload();
    return Promise.resolve(false);
  }
  const form = dialog.querySelector("form");
  openDialog(dialog);
  form.elements.password.focus();
  return new Promise((resolve) => {
    const settle = (done) => {
      listeners.abort();
      form.elements.password.value = "";
      closeDialog(dialog);
      resolve(done);
    };
    const listeners = new AbortController();
    const { signal } = listeners;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (await logIn(form)) settle(true);
    }, { signal });
    form.querySelector("[data-logged-in-elsewhere]").addEventListener("click", async () => {
      if (await refresh()) settle(true);
      else complain(form, "You are not logged in yet in this browser.");
    }, { signal });
    dialog.addEventListener("close", () => settle(false), { signal });
  });
}

async function logIn(form) {
  await refresh();
  const answer = await fetch(form.action, {
    method: "POST",
    headers: { Accept: "application/json", "HX-Request": "true", "X-CSRFToken": csrfToken() },
    body: new FormData(form),
  }).catch(() => null);
  if (answer?.ok) {
    renewToken((await answer.json()).csrf_token);
    return true;
  }
  complain(form, answer ? (await answer.json().catch(() => ({}))).message ?? "That did not work. Try again." : "The server does not answer. Try again in a moment.");
  return false;
}

/** Fetch the state of the session and its token; true when somebody is logged in. */
export async function refresh() {
  const answer = await fetch("/session", { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) return false;
  const session = await answer.json();
  renewToken(session.csrf_token);
  return session.logged_in;
}

function complain(form, message) {
  const note = form.querySelector("[data-log-in-error]");
  note.hidden = false;
  note.querySelector("span").textContent = message;
}
