// The live view's table of what was extracted. Its rows are kept: who is about to press a button keeps it.

import { $, arrange, inWords, make, put } from "./dom.js";
import { factOf } from "./filters.js";

const LISTED = 200;
const LATEST = 3; // tweets that a row links
const TYPES = { needs: ["REQUEST", "RESOURCE", "RESCUE"], casualties: ["CASUALTY", "DISPLACED"], places: ["LOCATION"] };

export class Facts {
  // `follow` takes the number of a tweet, `only` the entity that tweets shall be filtered by.
  constructor({ follow, only }) {
    Object.assign(this, { follow, only });
    this.body = $("facts").tBodies[0];
    this.rows = new Map();
    this.nothing = make("tr", {}, make("td", { colspan: 4, class: "soft" }, "Nothing yet."));
  }

  show(tweets, kind, chosen) {
    const listed = found(tweets, TYPES[kind]).slice(0, LISTED);
    const rows = new Map();
    for (const fact of listed) {
      const row = this.rows.get(fact.key) ?? this.row();
      this.update(row, fact, fact.key === chosen);
      rows.set(fact.key, row);
    }
    this.rows = rows;
    arrange(this.body, rows.size ? [...rows.values()].map(({ element }) => element) : [this.nothing], { still: true });
  }

  row() {
    const row = { name: make("bdi"), where: make("span", { class: "soft small" }), tag: make("span"), links: make("td") };
    row.only = make("button", { type: "button", class: "link", onclick: () => this.only(row.entity) });
    row.element = make("tr", {},
      make("th", { scope: "row", dir: "auto" }, row.name, row.where), make("td", {}, row.tag),
      make("td", { class: "number" }, row.only), row.links);
    return row;
  }

  update(row, { entity, numbers }, chosen) {
    row.entity = entity;
    put(row.name, entity.text);
    put(row.where, entity.place?.country && entity.place.country !== entity.place.name ? ` (${entity.place.country})` : "");
    put(row.tag, inWords(entity.label));
    row.tag.className = `type tag ${entity.label}`;
    put(row.only, String(numbers.length));
    row.only.setAttribute("aria-label", `Tweets with “${entity.text}”: ${numbers.length}; show only these`);
    row.only.setAttribute("aria-pressed", String(chosen));
    const latest = numbers.slice(-LATEST).reverse();
    if (row.links.dataset.numbers === String(latest) || row.links.matches(":hover, :focus-within")) return;
    row.links.dataset.numbers = latest;
    row.links.replaceChildren(...latest.flatMap((number) => [this.link(number), " "]));
  }

  link(number) {
    return make("button", { type: "button", class: "link", "aria-label": `Tweet #${number}`, onclick: () => this.follow(number) }, `#${number}`);
  }
}

// What the tweets name, with the numbers of those that do; the most frequent first.
function found(tweets, types) {
  const facts = new Map();
  for (const tweet of tweets) {
    for (const entity of tweet.entities) {
      if (!types.includes(entity.label)) continue;
      const key = factOf(entity);
      const fact = facts.get(key) ?? { key, entity, numbers: [] };
      if (fact.numbers.at(-1) !== tweet.number) fact.numbers.push(tweet.number);
      facts.set(key, fact);
    }
  }
  return [...facts.values()].sort((one, other) =>
    other.numbers.length - one.numbers.length || other.numbers.at(-1) - one.numbers.at(-1));
}
