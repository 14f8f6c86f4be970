// The live view's filters: each may have several values, of which a tweet needs one. The server's are the same
// (crisisflow.serving.selection), and so are their names in the address.

import { choose, chosen, listChoices } from "./choice.js";
import { $, inWords } from "./dom.js";

const CHOICES = { class: "f-class", type: "f-type", help: "f-help", topic: "f-topic" };
const PARTS = { place: "f-place", text: "f-text" }; // fields in which semicolons part the values
const TIMES = { since: "f-since", until: "f-until" }; // UTC

let fact = ""; // what the tweets must name, as chosen in the list of what was extracted

// The Paris of Texas is another than that of France.
export const whereOf = ({ name, latitude, longitude }) => `${name}|${latitude}|${longitude}`;
// A region may lie in several countries, and a country is named once.
export const nameOf = ({ name, country }) => (country && country !== name ? `${name}, ${country}` : name);
export const factOf = ({ label, text, place }) => `${label}|${text.toLowerCase()}|${place ? whereOf(place) : ""}`;

// The number of a topic, and its label.
export const topicOf = (number, label) => `${number}: ${label || "no label"}`;

export function listKnown({ classes, entities, help, topics }) {
  listChoices($("f-class"), classes.map((name) => [name, inWords(name)]));
  listChoices($("f-type"), entities.map((name) => [name, inWords(name)]));
  listChoices($("f-help"), help.map((name) => [name, inWords(name)]));
  $("f-help").hidden = !help.length;
  listChoices($("f-topic"), topics.map((label, number) => [String(number), topicOf(number, label)]));
  $("f-topic").hidden = !topics.length;
}

const partsOf = (value) => value.split(";").map((part) => part.trim().toLowerCase()).filter(Boolean);
const momentOf = (value) => (value ? Date.parse(`${value}Z`) : null);

export function filters() {
  return {
    classes: chosen($("f-class")),
    type: chosen($("f-type")),
    help: chosen($("f-help")),
    topic: chosen($("f-topic")),
    place: partsOf($("f-place").value),
    text: partsOf($("f-text").value),
    since: momentOf($("f-since").value),
    until: momentOf($("f-until").value),
    fact,
  };
}

// The filters as they stand in the address.
export function parameters() {
  const own = new URLSearchParams();
  for (const [name, id] of Object.entries(CHOICES)) for (const value of chosen($(id))) own.append(name, value);
  for (const [name, id] of Object.entries(PARTS)) {
    for (const value of $(id).value.split(";").map((part) => part.trim()).filter(Boolean)) own.append(name, value);
  }
  for (const [name, id] of Object.entries(TIMES)) if ($(id).value) own.append(name, $(id).value);
  if (fact) own.append("fact", fact);
  return own;
}

export function setFilters(own) {
  for (const [name, id] of Object.entries(CHOICES)) choose($(id), own.getAll(name));
  for (const [name, id] of Object.entries(PARTS)) {
    const value = own.getAll(name).join("; ");
    // What is being typed stays as it is: a blank at its end would be lost.
    if (String(partsOf($(id).value)) !== String(partsOf(value))) $(id).value = value;
  }
  for (const [name, id] of Object.entries(TIMES)) $(id).value = (own.get(name) ?? "").replace(/Z$/, "");
  onlyWith(own.get("fact") ?? "");
}

// The number of the one tweet that is asked for, if it is one.
export const numberOf = (text) => (text.length === 1 && /^#\d+$/.test(text[0]) ? Number(text[0].slice(1)) : null);

export function passes(tweet, { classes, type, help, topic, place, text, since, until, fact: named }) {
  const number = numberOf(text);
  if (number !== null) return tweet.number === number;
  return (!classes.length || classes.includes(tweet.class?.label))
    && (!type.length || tweet.entities.some(({ label }) => type.includes(label)))
    && (!help.length || help.includes(tweet.help?.label))
    && (!topic.length || topic.includes(String(tweet.topic?.number)))
    && (!place.length || tweet.entities.some((entity) => entity.label === "LOCATION"
      && [entity.text, entity.place?.name, entity.place?.country].some((name) =>
        place.some((part) => name?.toLowerCase().includes(part)))))
    && (!named || tweet.entities.some((entity) => factOf(entity) === named))
    && (!text.length || text.some((part) => tweet.text.toLowerCase().includes(part)))
    && (since === null || tweet.time >= since)
    && (until === null || tweet.time <= until);
}

// Only the tweets that name this, as `factOf` says it; "": all of them.
export function onlyWith(named) {
  fact = named;
  const [label, text] = named.split("|");
  $("f-fact").hidden = !named;
  $("f-fact").textContent = named ? `with ${inWords(label)} “${text}” ✕` : "";
}

// What a place on the map, a class or topic in the list or a tweet's number asks for.
export function filterBy({ place, classes, topic, number }) {
  if (place !== undefined) $("f-place").value = place;
  if (classes) choose($("f-class"), classes);
  if (topic) choose($("f-topic"), topic);
  if (number) {
    setFilters(new URLSearchParams());
    $("f-text").value = `#${number}`;
  }
}
