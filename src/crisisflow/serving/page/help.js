// The live view's requests and offers: how many there are by place with their ratio, and the requests that fit an offer.

import { json } from "./api.js";
import { $, arrange, inWords, make, put } from "./dom.js";
import { nameOf, whereOf } from "./filters.js";

const REQUESTS = ["request", "request_and_offer"]; // labels that count on each side; the server has the same
const OFFERS = ["offer", "request_and_offer"];
const LISTED = 100;

export const isOffer = (tweet) => OFFERS.includes(tweet.help?.label);

// The key and the name of each place of a tweet: places as they are named, or their countries.
function placesOf(tweet, by) {
  const places = tweet.entities.map(({ place }) => place).filter(Boolean);
  if (by === "place") return new Map(places.map((place) => [whereOf(place), { name: nameOf(place), filter: place.name }]));
  return new Map(places.filter(({ country }) => country).map(({ country }) => [country, { name: country, filter: country }]));
}

// The counts of all tweets, then of each place with a request or an offer, those with most of both first.
export function countHelp(tweets, by) {
  const all = { key: "", name: "All tweets", filter: null, requests: 0, offers: 0 };
  const places = new Map();
  for (const tweet of tweets) {
    const sides = { requests: REQUESTS.includes(tweet.help?.label), offers: isOffer(tweet) };
    if (!sides.requests && !sides.offers) continue;
    const named = [...placesOf(tweet, by)].map(([key, own]) => {
      if (!places.has(key)) places.set(key, { key, ...own, requests: 0, offers: 0 });
      return places.get(key);
    });
    for (const own of [all, ...named]) {
      own.requests += Number(sides.requests);
      own.offers += Number(sides.offers);
    }
  }
  const sum = ({ requests, offers }) => requests + offers;
  const ordered = [...places.values()].sort((one, other) => sum(other) - sum(one) || one.name.localeCompare(other.name));
  return [all, ...ordered.slice(0, LISTED)];
}

// Requests for an offer; a dash where there are too few of both, or no offer.
const ratioOf = ({ requests, offers }, least) =>
  offers && requests + offers >= least ? (requests / offers).toFixed(2) : "–";

export class HelpTable {
  // `press` takes the name of a place that tweets shall be filtered by.
  constructor(press) {
    this.press = press;
    this.rows = new Map();
  }

  // `chosen`: the places of the filter, in lower case.
  show(counts, least, chosen) {
    const rows = new Map();
    for (const own of counts) {
      const row = this.rows.get(own.key) ?? this.row(own);
      put(row.requests, own.requests.toLocaleString("en"));
      put(row.offers, own.offers.toLocaleString("en"));
      put(row.ratio, ratioOf(own, least));
      row.only?.setAttribute("aria-pressed", String(chosen.includes(own.filter.toLowerCase())));
      rows.set(own.key, row);
    }
    this.rows = rows;
    arrange($("help-table").tBodies[0], [...rows.values()].map(({ element }) => element), { still: true });
  }

  row({ name, filter }) {
    const only = filter && make("button", {
      type: "button", class: "link", "aria-label": `${name}: show only its tweets`, onclick: () => this.press(filter),
    }, make("bdi", {}, name));
    const cell = () => make("td", { class: "number" });
    const row = { only, requests: cell(), offers: cell(), ratio: cell() };
    row.element = make("tr", {}, make("th", { scope: "row" }, only ?? name), row.requests, row.offers, row.ratio);
    return row;
  }
}

function reasons({ resources, kilometres, days }) {
  const near = kilometres === null ? null : kilometres < 1 ? "same place" : `${Math.round(kilometres).toLocaleString("en")} km apart`;
  const time = days === null ? null : days < 1 ? "within a day" : `${Math.round(days)} ${Math.round(days) === 1 ? "day" : "days"} apart`;
  return [resources.length ? resources.map(inWords).join(", ") : null, near, time].filter(Boolean).join("; ");
}

// A button that lists the requests which the offer fits best. `text` takes a number to what is shown of that tweet, and
// `follow` goes to it. Numbers of the page go on where the server was started anew: `source` has the server's.
export function nearestOf(tweet, { text, follow }) {
  const list = make("ol", { class: "nearest", "aria-label": `Requests that fit #${tweet.number}`, hidden: true });
  const status = make("span", { class: "soft", role: "status" });
  const ask = async () => {
    if (!list.hidden) return close();
    try {
      const { feed, number } = tweet.source;
      const { requests } = await json(`/v1/live/${feed}/tweets/${number}/requests`);
      const shown = requests.map((own) => ({ ...own, number: own.number + tweet.number - number }));
      list.replaceChildren(...shown.map((own) => make("li", {},
        make("button", { type: "button", class: "link", "aria-label": `Tweet #${own.number}`, onclick: () => follow(own.number) }, `#${own.number}`),
        make("span", { class: "soft" }, ` ${reasons(own)} `), make("span", { dir: "auto" }, text(own.number)))));
      list.hidden = false;
      button.setAttribute("aria-expanded", "true");
      put(status, requests.length ? "" : "No kept request fits.");
    } catch (error) {
      put(status, error.message);
    }
  };
  const close = () => {
    list.hidden = true;
    put(status, "");
    button.setAttribute("aria-expanded", "false");
  };
  const button = make("button", { type: "button", class: "link", "aria-expanded": "false", onclick: ask }, "Requests that fit");
  return [button, status, list];
}
