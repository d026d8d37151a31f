// Requests of our own: JSON or HTML back, the CSRF token sent, an ended session mended, a lost connection told.
import { csrfToken, logInAgain, refresh } from "./session.js";

export const UNANSWERED = "The server does not answer. Nothing is lost: try again in a moment.";

/**
 * Send a form or values. Resolves to {status, data, html}; status 0 means that the server did not answer.
 * @param {string} url
 * @param {{method?: string, body?: FormData|URLSearchParams, accept?: string, signal?: AbortSignal}} options
 */
export async function send(url, { method = "POST", body, accept = "application/json", signal } = {}, again = true) {
  const headers = { Accept: accept, "X-CSRFToken": csrfToken(), "HX-Request": "true" };
  body?.set?.("csrf_token", csrfToken());
  let answer;
  try {
    answer = await fetch(url, { method, body, headers, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return { status: 0, data: { message: UNANSWERED } };
  }
  const unpacked = await unpack(answer);
  if (again && (await mended(unpacked))) return send(url, { method, body, accept, signal }, false);
  return unpacked;
}

/** Whether the request may be sent again: the token was renewed, or somebody logged in again. */
export async function mended({ status, data }) {
  const stale = status === 403 && data.code === "csrf";
  if (status !== 401 && !stale) return false;
  return (stale && (await refresh())) || logInAgain();
}

async function unpack(answer) {
  const type = answer.headers.get("Content-Type") ?? "";
  const text = await answer.text();
  if (!type.includes("json")) return { status: answer.status, html: text, url: answer.url, data: {} };
  return { status: answer.status, data: JSON.parse(text || "{}"), url: answer.url };
}

export const get = (url, options = {}) => send(url, { ...options, method: "GET" });
