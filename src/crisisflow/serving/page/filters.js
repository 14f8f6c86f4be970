// The live view's filters.

import { $, inWords } from "./dom.js";

let fact = null; // what the tweets must name, as chosen in the list of what was extracted

// The Paris of Texas is another than that of France.
export const whereOf = ({ name, latitude, longitude }) => `${name}|${latitude}|${longitude}`;
export const factOf = ({ label, text, place }) => `${label}|${text.toLowerCase()}|${place ? whereOf(place) : ""}`;

export function filters() {
  return {
    event: $("f-class").value,
    type: $("f-type").value,
    place: $("f-place").value.trim().toLowerCase(),
    text: $("f-text").value.trim().toLowerCase(),
    fact,
  };
}

// The number of the one tweet that is asked for, if it is one.
export const numberOf = (text) => (/^#\d+$/.test(text) ? Number(text.slice(1)) : null);

export function passes(tweet, wanted) {
  const { event, type, place, text } = wanted;
  const number = numberOf(text);
  if (number !== null) return tweet.number === number;
  return (!event || tweet.event?.label === event)
    && (!type || tweet.entities.some(({ label }) => label === type))
    && (!place || tweet.entities.some((entity) => entity.label === "LOCATION"
      && [entity.text, entity.place?.name, entity.place?.country].some((name) => name?.toLowerCase().includes(place))))
    && (!wanted.fact || tweet.entities.some((entity) => factOf(entity) === wanted.fact))
    && (!text || tweet.text.toLowerCase().includes(text));
}

export function onlyWith(entity) {
  fact = entity && factOf(entity);
  $("f-fact").hidden = !entity;
  $("f-fact").textContent = entity ? `with ${inWords(entity.label)} “${entity.text}” ✕` : "";
}

export function filterBy({ place, number }) {
  $("filters").reset();
  if (place) $("f-place").value = place;
  if (number) $("f-text").value = `#${number}`;
}
