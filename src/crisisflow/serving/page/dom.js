// Elements made without markup: text is only ever set as text.

export const $ = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function drawn(tag, attributes = {}) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

// Set only where it is another: what stands under the pointer, or is being read, is left alone.
export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Gives `parent` these children. An element that stays is not taken out, so that it keeps the focus and a press that has
// begun; with `still`, none that stays is moved while the pointer is within.
export function arrange(parent, elements, { still = false } = {}) {
  const wanted = new Set(elements);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let order = elements;
  if (still && parent.matches(":hover")) {
    const there = new Set(parent.children);
    order = [...there, ...elements.filter((element) => !there.has(element))];
  }
  let next = parent.firstElementChild;
  for (const element of order) {
    if (element === next) next = next.nextElementSibling;
    else if (element.contains(document.activeElement)) next = element.nextElementSibling; // the others go around it
    else parent.insertBefore(element, next);
  }
}

// Whether a text has nothing but white space and control characters: the server refuses it.
export const isBlank = (text) => !/[^\s\p{Cc}]/u.test(text);
export const inWords = (name) => name.replaceAll("_", " ").toLowerCase();
export const percent = (share) => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)}\u00a0%`; // never torn apart

// A text with its entities marked in place. Offsets count code points, and JavaScript's strings do not.
export function marked(text, entities) {
  const points = Array.from(text);
  const parts = [];
  let at = 0;
  for (const entity of [...entities].sort((one, other) => one.start - other.start)) {
    if (entity.start > at) parts.push(points.slice(at, entity.start).join(""));
    const own = points.slice(entity.start, entity.end).join("");
    parts.push(make("mark", { class: `type ${entity.label}`, "data-start": entity.start, "data-end": entity.end },
      own, make("span", { class: "label" }, inWords(entity.label))));
    at = entity.end;
  }
  parts.push(points.slice(at).join(""));
  return parts;
}

// A line of a list of bars: a name, its share as a bar, and a figure.
export function bar(name, share, figure, { strong = false, press = null, pressed = false } = {}) {
  const head = press
    ? make("button", { type: "button", "aria-pressed": String(pressed), onclick: press }, name)
    : make("span", {}, name);
  head.classList.add("name");
  const line = make("li", { class: strong ? "strong" : null }, head,
    make("span", { class: "track", "aria-hidden": "true" }, make("span", { class: "fill" })), make("span", { class: "figure" }));
  fill(line, share, figure);
  return line;
}

export function fill(line, share, figure) {
  line.querySelector(".fill").style.width = `${100 * share}%`;
  put(line.querySelector(".figure"), figure);
}
