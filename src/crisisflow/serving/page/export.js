// Exports: the tweets as CSV, and the places that they name as GeoJSON.

import { nameOf } from "./filters.js";

const COLUMNS = ["number", "id", "author", "created_at", "at", "class", "score", "help", "resources", "entities", "places", "text"];

function textOf(tweet, entity, unmasked) {
  return Array.from(unmasked ? tweet.text : tweet.masked).slice(entity.start, entity.end).join("");
}

// No handle and no address; a number is an id and not a phone's.
function idOf(tweet, unmasked) {
  return unmasked || !/[@＠﹫]/.test(tweet.id ?? "") ? tweet.id : null;
}

// An author is a handle, or names somebody.
const authorOf = (tweet, unmasked) => (tweet.author && !unmasked ? "•••" : tweet.author ?? null);

// A cell that begins like a formula would be one in a spreadsheet; some take the full-width signs for the others.
function cell(value) {
  const text = String(value ?? "");
  return `"${(/^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
}

export function csv(tweets, unmasked) {
  const rows = tweets.map((tweet) => [
    tweet.number, idOf(tweet, unmasked), authorOf(tweet, unmasked), tweet.created_at, tweet.at, tweet.class?.label, tweet.class?.score,
    tweet.help?.label, tweet.help?.resources.join("; "),
    tweet.entities.map((entity) => `${entity.label}: ${textOf(tweet, entity, unmasked)}`).join("; "),
    tweet.entities.filter(({ place }) => place).map(({ place }) => nameOf(place)).join("; "),
    unmasked ? tweet.text : tweet.masked,
  ]);
  return [COLUMNS, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

export function geojson(tweets, unmasked) {
  const features = tweets.flatMap((tweet) =>
    tweet.entities.filter(({ place }) => place).map((entity) => ({
      type: "Feature",
      geometry: { type: "Point", coordinates: [entity.place.longitude, entity.place.latitude] },
      properties: {
        place: entity.place.name, country: entity.place.country, precision: entity.place.kind,
        named: textOf(tweet, entity, unmasked), tweet: tweet.number, id: idOf(tweet, unmasked),
        author: authorOf(tweet, unmasked), created_at: tweet.created_at ?? null, at: tweet.at,
        class: tweet.class?.label ?? null, score: tweet.class?.score ?? null, help: tweet.help?.label ?? null, text: unmasked ? tweet.text : tweet.masked,
      },
    })));
  return JSON.stringify({ type: "FeatureCollection", features }, null, 1);
}

export function save(name, type, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
