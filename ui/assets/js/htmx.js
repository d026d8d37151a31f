// htmx with the extensions we use. Requests carry the CSRF token; an ended session asks to log in and goes on.
import htmx from "htmx.org";
import "htmx-ext-response-targets";
import "htmx-ext-preload";
import { Idiomorph } from "idiomorph/dist/idiomorph.esm.js";
import { tell } from "./notice.js";
import { UNANSWERED } from "./request.js";
import { csrfToken, logInAgain } from "./session.js";

htmx.defineExtension("morph", {
  isInlineSwap: (style) => style.startsWith("morph"),
  handleSwap: (style, target, fragment) => {
    if (!style.startsWith("morph")) return false;
    return Idiomorph.morph(target, fragment.children, { morphStyle: style.endsWith("outerHTML") ? "outerHTML" : "innerHTML" });
  },
});

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = csrfToken();
});

document.addEventListener("htmx:responseError", (event) => {
  const { xhr, elt } = event.detail;
  if (xhr.status === 401) logInAgain().then((done) => done && htmx.trigger(elt, event.detail.requestConfig?.triggeringEvent?.type ?? "load"));
  else if (askedFor(event)) tell(words(xhr.responseText) || "That did not work. Nothing is lost: try again in a moment.");
});

// What somebody asked for and has no place of its own for a refusal (hx-target-5*) is told in a message; sums and
// counts that come by themselves just stay away.
document.addEventListener("htmx:sendError", (event) => askedFor(event) && tell(UNANSWERED));

const askedFor = (event) => event.detail.requestConfig?.triggeringEvent?.type !== "load";

/** What a refusal says: its title and its first sentences. */
function words(html) {
  const refusal = new DOMParser().parseFromString(html, "text/html");
  return [...refusal.querySelectorAll("h1, h1 + p")].map((part) => part.textContent.trim()).join(". ");
}

/**
 * Replace what is inside `target` with `html`, keeping focus and scroll where elements stay, what is folded away, and
 * what says data-keep.
 */
export function morph(target, html, style = "innerHTML") {
  const unfolded = (name, node) => name !== "open" || !node.matches("details");
  const kept = (old) => !old.dataset || !("keep" in old.dataset);
  const changed = Idiomorph.morph(target, html, { morphStyle: style, callbacks: { beforeNodeMorphed: kept, beforeAttributeUpdated: unfolded } });
  htmx.process(style === "outerHTML" ? document.getElementById(target.id) ?? document.body : target);
  document.dispatchEvent(new CustomEvent("fs:changed", { detail: target }));
  return changed;
}

export { htmx };
