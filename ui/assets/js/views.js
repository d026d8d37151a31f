// The tabs of views: those that do not fit move into a menu at their end; the one in view always stays.
const nav = document.querySelector("[data-views]");
const menu = document.querySelector("[data-more-views]");
const narrow = matchMedia("(max-width: 767.98px)");

/** The tabs that do not fit beside the current one, in their order. */
function surplus(tabs, room) {
  const width = (tab) => tab.getBoundingClientRect().width;
  const current = tabs.find((tab) => tab.hasAttribute("aria-current"));
  let left = room - (current ? width(current) : 0);
  return tabs.filter((tab) => {
    if (tab === current) return false;
    left -= width(tab) + 2;
    return left < 0;
  });
}

function item(tab) {
  const link = document.createElement("a");
  link.className = "fs-item";
  link.href = tab.href;
  link.append(...[...tab.childNodes].map((node) => node.cloneNode(true)));
  for (const copy of link.querySelectorAll("[id]")) copy.removeAttribute("id");
  return link;
}

function fit() {
  const tabs = [...nav.children];
  for (const tab of tabs) tab.hidden = false;
  menu.hidden = true;
  // A phone scrolls its tabs with a finger.
  if (narrow.matches || nav.scrollWidth <= nav.clientWidth + 1) return reveal();
  menu.hidden = false;
  menu.querySelector("[data-more-count]").textContent = "10 more";
  const rest = surplus(tabs, nav.parentElement.clientWidth - menu.offsetWidth - other());
  for (const tab of rest) tab.hidden = true;
  menu.querySelector("[data-more-count]").textContent = `${rest.length} more`;
  menu.querySelector(".fs-pop").replaceChildren(...rest.map(item));
}

/** The room that stands beside tabs and menu. */
const other = () => [...nav.parentElement.children].filter((one) => one !== nav && one !== menu).reduce((sum, one) => sum + one.offsetWidth, 16);

function reveal() {
  const current = nav.querySelector("[aria-current]");
  if (current && nav.scrollWidth > nav.clientWidth) nav.scrollLeft = current.offsetLeft - 24;
}

if (nav && menu) {
  new ResizeObserver(fit).observe(nav.parentElement);
  document.addEventListener("htmx:oobAfterSwap", () => requestAnimationFrame(fit));
  document.fonts.ready.then(fit);
}
