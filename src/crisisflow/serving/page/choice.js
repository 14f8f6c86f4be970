// A field of which several values may be chosen: a button with its name, and a list of check boxes below.

import { make, put } from "./dom.js";

const boxes = (field) => [...field.querySelectorAll("input")];

export const chosen = (field) => boxes(field).filter((box) => box.checked).map((box) => box.value);

export function choose(field, values) {
  for (const box of boxes(field)) box.checked = values.includes(box.value);
  tell(field);
}

export function tell(field) {
  const own = boxes(field).filter((box) => box.checked).map((box) => box.parentElement.textContent.trim());
  put(field.querySelector("summary b"), own.length > 1 ? `${own.length} chosen` : own[0] ?? field.dataset.none);
}

// `choices` are [value, words].
export function listChoices(field, choices) {
  field.querySelector("fieldset").append(
    ...choices.map(([value, words]) => make("label", {}, make("input", { type: "checkbox", value }), ` ${words}`)));
  field.addEventListener("input", () => tell(field));
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !field.open) return;
    field.open = false;
    field.querySelector("summary").focus();
  });
  // A press on the words of a label gives the focus to the list, which has tabindex -1, and not to what is around the field.
  field.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !field.contains(event.relatedTarget)) field.open = false;
  });
  document.addEventListener("pointerdown", (event) => {
    if (!field.contains(event.target)) field.open = false;
  });
  tell(field);
}
