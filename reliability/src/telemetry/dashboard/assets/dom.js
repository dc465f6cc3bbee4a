// Elements, and how those that are there become those that are wanted.

const svgNames = new Set(["svg", "path", "line", "rect", "text", "g", "title", "defs", "marker"]);

// An element: h("td", { class: "number" }, "3").
export function h(name, attributes, ...children) {
  const element = svgNames.has(name)
    ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") element[key] = value;
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// A name that may be cut where its parts end, when it is too long for its place.
export const parts = (name) => name.split(/(?<=::|[/_.›-])/).flatMap((part) => [part, h("wbr")]).slice(0, -1);

// Makes `now` look like `next` and keeps its elements, so that focus, selection and what is folded
// open stay as they are.
export function morph(now, next) {
  if (now.nodeType !== next.nodeType || now.nodeName !== next.nodeName || now.dataset?.key !== next.dataset?.key) {
    now.replaceWith(next);
    return;
  }
  if (now.nodeType === Node.TEXT_NODE) {
    if (now.data !== next.data) now.data = next.data;
    return;
  }
  for (const { name } of [...now.attributes]) {
    if (!next.hasAttribute(name) && name !== "open") now.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  }
  now.onclick = next.onclick;
  children(now, next);
}

export function children(now, next) {
  const keyed = new Map();
  for (const child of now.children) if (child.dataset?.key) keyed.set(child.dataset.key, child);
  let place = now.firstChild;
  for (const wanted of [...next.childNodes]) {
    const key = wanted.dataset?.key;
    const known = key ? keyed.get(key) : place?.dataset?.key ? null : place;
    if (!known) {
      now.insertBefore(wanted, place);
    } else if (known === place) {
      place = place.nextSibling;
      morph(known, wanted);
    } else {
      now.insertBefore(known, place);
      morph(known, wanted);
    }
  }
  while (place) {
    const after = place.nextSibling;
    place.remove();
    place = after;
  }
}
