// htmx with the extensions we use. Requests carry the CSRF token; an ended session asks to log in and goes on.
import htmx from "htmx.org";
import "htmx-ext-response-targets";
import "htmx-ext-preload";
import { Idiomorph } from "idiomorph/dist/idiomorph.esm.js";
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
});

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
