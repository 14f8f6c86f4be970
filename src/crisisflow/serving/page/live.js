// The live view: a feed, its filters and counters, what was extracted, and the map.

import { hasToken, json } from "./api.js";
import { $, bar, drawn, inWords, make, marked } from "./dom.js";
import { csv, geojson, save } from "./export.js";
import { tweetsOf, Watched } from "./feed.js";
import { WorldMap } from "./map.js";

const KEPT = 5000; // tweets that the page holds
const SHOWN = 100; // of them in the feed
const OFTEN = 250; // milliseconds between two drawings at least
const FACTS = { needs: ["REQUEST", "RESOURCE", "RESCUE"], casualties: ["CASUALTY", "DISPLACED"], places: ["LOCATION"] };
const MINUTES = 60;

let labels = { entities: [], events: [] };
let tweets = []; // oldest first
let dropped = 0;
let watched = null;
let map = null;
let facts = "needs";
let held = null; // number of the last tweet that is shown while the feed is held
let drawing = 0;
let feedOf = ""; // the filters that the feed shows, and the newest of it
let newest = 0;

export function openLive(known) {
  if (map) return;
  labels = known;
  map = new WorldMap((place) => filterBy({ place: place.name }));
  $("f-class").append(...labels.events.map((name) => make("option", { value: name }, inWords(name))));
  $("f-type").append(...labels.entities.map((name) => make("option", { value: name }, inWords(name))));
  for (const radio of document.querySelectorAll("[name=source]")) radio.addEventListener("change", chooseSource);
  $("source-form").addEventListener("submit", (event) => (event.preventDefault(), start()));
  $("stop").addEventListener("click", stop);
  addEventListener("pagehide", stop);
  $("pause").addEventListener("click", () => hold(held === null));
  $("held").addEventListener("click", () => hold(false));
  $("filters").addEventListener("input", draw);
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("filters").addEventListener("reset", () => setTimeout(draw));
  for (const button of document.querySelectorAll("[data-facts]")) {
    button.addEventListener("click", () => {
      facts = button.dataset.facts;
      for (const other of document.querySelectorAll("[data-facts]")) other.setAttribute("aria-pressed", String(other === button));
      draw();
    });
  }
  $("export-csv").addEventListener("click", () => save("tweets.csv", "text/csv", csv(matching(), $("unmasked").checked)));
  $("export-geojson").addEventListener("click", () =>
    save("places.geojson", "application/geo+json", geojson(matching(), $("unmasked").checked)));
  setInterval(drawLater, 10_000); // minutes pass without tweets
  draw();
}

async function chooseSource() {
  const chosen = document.querySelector("[name=source]:checked").value;
  for (const part of document.querySelectorAll("[data-source]")) {
    part.hidden = !part.dataset.source.split(" ").includes(chosen);
  }
  if (chosen !== "feed") return;
  const feeds = await json("/v1/live");
  $("feed-choice").replaceChildren(
    ...feeds.map((feed) => make("option", { value: feed.id }, `${feed.id}: ${feed.kind}, ${feed.sent} tweets${feed.ended ? ", ended" : ""}`)),
  );
  if (!feeds.length) $("feed-choice").append(make("option", { value: "" }, "none is running"));
}

async function start() {
  const chosen = document.querySelector("[name=source]:checked").value;
  const source = {};
  if (chosen === "paste" || chosen === "file") {
    const file = $("file").files[0];
    const text = chosen === "paste" ? $("paste").value : file ? await file.text() : "";
    source.tweets = tweetsOf(text);
    source.rate = Number($("rate").value);
    if (!source.tweets.length) return say("There is nothing to replay: paste some lines, or choose a file.");
  } else if (chosen === "feed") {
    if (!$("feed-choice").value) return say("No feed is running on this server.");
    source.feed = { id: $("feed-choice").value };
  }
  stop();
  tweets = [];
  dropped = newest = 0;
  hold(false);
  $("stream-help").hidden = true;
  watched = new Watched((news) => own === watched && hear(news), source);
  const own = watched;
  running(true);
  say(source.tweets ? `Replaying ${source.tweets.length.toLocaleString("en")} tweets.` : "Waiting for tweets.");
  draw();
  own.run();
}

function stop() {
  if (!watched) return;
  watched.stop();
  watched = null;
  running(false);
  say(`Stopped after ${count()} tweets.`);
}

// How a program sends to a stream. A shell puts the token in, so that it is neither shown here nor kept with the command.
function command({ id }) {
  const token = hasToken() ? ' -H "authorization: Bearer $TOKEN"' : "";
  return `curl ${location.origin}/v1/live/${id}/tweets${token} -H 'content-type: application/json' -d '{"tweets": [{"text": "…"}]}'`;
}

function hear({ opened, tweet, gap, lost, back, reset, ended, gone, failed }) {
  if (opened?.kind === "stream") {
    $("stream-help").hidden = false;
    $("stream-command").textContent = command(opened);
  }
  if (reset !== undefined) {
    tweets = tweets.filter(({ number }) => number <= reset);
    dropped = Math.min(dropped, reset);
    feedOf = "";
    newest = reset;
    hold(false);
    say("The feed began anew.");
  }
  if (tweet) {
    tweets.push(tweet);
    if (tweets.length > KEPT) {
      dropped += tweets.length - KEPT;
      tweets = tweets.slice(-KEPT);
    }
    drawLater();
  }
  if (gap) say(`${gap} tweets came faster than they could be kept; they are not shown.`);
  if (lost) say(`${lost}; trying again. ${count()} tweets are kept.`, "lost");
  if (back) say("Connected again.");
  if (gone) say(`This feed is gone. ${count()} tweets are kept.`);
  else if (ended) say(`The feed has ended: ${count()} tweets.`);
  if (failed) say(failed);
  if (ended || failed) {
    watched = null;
    running(false);
  }
}

const count = () => (dropped + tweets.length).toLocaleString("en");

function running(is) {
  $("stop").disabled = $("pause").disabled = !is;
  $("live-dot").classList.toggle("on", is);
}

function say(message, state = "") {
  $("live-status").textContent = message;
  $("live-dot").classList.toggle("lost", state === "lost");
}

function hold(is) {
  held = is ? (tweets.at(-1)?.number ?? 0) : null;
  $("pause").setAttribute("aria-pressed", String(is));
  draw();
}

function drawLater() {
  drawing ||= setTimeout(draw, OFTEN);
}

function filters() {
  return {
    event: $("f-class").value,
    type: $("f-type").value,
    place: $("f-place").value.trim().toLowerCase(),
    text: $("f-text").value.trim().toLowerCase(),
  };
}

function passes(tweet, { event, type, place, text }) {
  if (/^#\d+$/.test(text)) return tweet.number === Number(text.slice(1));
  return (!event || tweet.event?.label === event)
    && (!type || tweet.entities.some(({ label }) => label === type))
    && (!place || tweet.entities.some((entity) => entity.label === "LOCATION"
      && [entity.text, entity.place?.name, entity.place?.country].some((name) => name?.toLowerCase().includes(place))))
    && (!text || tweet.text.toLowerCase().includes(text));
}

function matching() {
  const wanted = filters();
  return tweets.filter((tweet) => passes(tweet, wanted));
}

function filterBy({ place, number }) {
  $("filters").reset();
  if (place) $("f-place").value = place;
  if (number) $("f-text").value = `#${number}`;
  draw();
}

function draw() {
  clearTimeout(drawing);
  drawing = 0;
  const found = matching();
  drawFeed(found);
  drawCounters(found);
  drawPlaces(found);
  drawFacts(found);
}

function drawFeed(found) {
  const list = $("feed");
  const until = held ?? Infinity;
  const shown = found.filter(({ number }) => number <= until).slice(-SHOWN);
  const key = JSON.stringify(filters());
  if (key !== feedOf || !tweets.length) {
    list.replaceChildren(...shown.map(item).reverse());
  } else {
    // Only what is new is put in, so that who reads or has the focus within is not disturbed.
    list.prepend(...shown.filter(({ number }) => number > newest).map(item).reverse());
    while (list.childElementCount > SHOWN) list.lastElementChild.remove();
  }
  feedOf = key;
  newest = shown.at(-1)?.number ?? newest;
  $("feed-empty").hidden = shown.length > 0;
  $("feed-empty").textContent = tweets.length ? "No tweet matches the filters." : "Tweets will appear here, the latest first.";
  const later = found.length - found.filter(({ number }) => number <= until).length;
  $("held").hidden = held === null;
  $("held").textContent = `${later} new: go on`;
}

function item(tweet) {
  const kind = tweet.event ? `${inWords(tweet.event.label)}` : "";
  return make("li", { id: `tweet-${tweet.number}`, value: tweet.number, tabindex: -1, class: `event-${labels.events.indexOf(tweet.event?.label)}` },
    make("div", { class: "meta" },
      make("span", { class: "number" }, `#${tweet.number}`),
      make("time", { datetime: tweet.at }, new Date(tweet.at).toLocaleTimeString("en-GB")),
      make("span", { class: "kind", title: tweet.event ? `probability ${tweet.event.score}` : null }, kind)),
    make("p", { class: "marked", dir: "auto" }, ...marked(tweet.text, tweet.entities)));
}

function drawCounters(found) {
  const now = Date.now();
  const perMinute = new Array(MINUTES).fill(0);
  for (const tweet of tweets) {
    const minutes = Math.floor((now - Date.parse(tweet.at)) / 60_000);
    if (minutes < MINUTES) perMinute[MINUTES - 1 - Math.max(0, minutes)] += 1;
  }
  $("count-all").textContent = count();
  $("count-minute").textContent = perMinute.at(-1).toLocaleString("en");
  $("count-shown").textContent = found.length.toLocaleString("en");
  const most = Math.max(1, ...perMinute);
  $("spark").replaceChildren(
    ...perMinute.map((number, at) => drawn("rect", { x: at, width: 0.8, y: 20 - (20 * number) / most, height: (20 * number) / most })));
  $("live-progress").hidden = !watched?.tweets?.length;
  if (watched?.tweets?.length) $("live-progress").value = (dropped + tweets.length) / watched.tweets.length;
  const { event: chosen, ...others } = filters();
  const rest = tweets.filter((tweet) => passes(tweet, { ...others, event: "" }));
  const perClass = new Map(labels.events.map((name) => [name, 0]));
  for (const tweet of rest) if (tweet.event) perClass.set(tweet.event.label, perClass.get(tweet.event.label) + 1);
  const largest = Math.max(1, ...perClass.values());
  const focused = [...$("classes").children].findIndex((line) => line.contains(document.activeElement));
  $("classes").replaceChildren(
    ...[...perClass].map(([name, number]) =>
      bar(inWords(name), number / largest, String(number), {
        press: () => {
          $("f-class").value = chosen === name ? "" : name;
          draw();
        },
        pressed: chosen === name,
      })));
  if (focused >= 0) $("classes").children[focused]?.querySelector("button").focus();
}

function drawPlaces(found) {
  const places = new Map();
  for (const tweet of found) {
    const own = new Map(tweet.entities.filter(({ place }) => place).map(({ place }) => [`${place.name}|${place.country}`, place]));
    for (const [key, place] of own) places.set(key, { place, tweets: (places.get(key)?.tweets ?? 0) + 1 });
  }
  map.show([...places.values()]);
  const names = [...new Set([...places.values()].sort((one, other) => other.tweets - one.tweets).map(({ place }) => place.name))].slice(0, 50);
  $("known-places").replaceChildren(...names.map((name) => make("option", { value: name })));
}

function drawFacts(found) {
  const rows = new Map();
  for (const tweet of found) {
    for (const entity of tweet.entities) {
      if (!FACTS[facts].includes(entity.label)) continue;
      const key = `${entity.label}|${entity.text.toLowerCase()}`;
      const row = rows.get(key) ?? { entity, numbers: [] };
      if (row.numbers.at(-1) !== tweet.number) row.numbers.push(tweet.number);
      row.entity = entity.place ? entity : row.entity;
      rows.set(key, row);
    }
  }
  const sorted = [...rows.values()].sort((one, other) => other.numbers.length - one.numbers.length || other.numbers.at(-1) - one.numbers.at(-1));
  const body = $("facts").tBodies[0];
  const focus = body.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  body.replaceChildren(
    ...sorted.slice(0, 200).map(({ entity, numbers }) => {
      const where = entity.place && entity.place.kind !== "country" ? ` (${entity.place.country})` : "";
      return make("tr", {},
        make("th", { scope: "row", dir: "auto" }, entity.text, make("span", { class: "soft small" }, where)),
        make("td", {}, make("span", { class: `type tag ${entity.label}` }, inWords(entity.label))),
        make("td", { class: "number" }, String(numbers.length)),
        make("td", {}, ...numbers.slice(-3).reverse().flatMap((number) => [link(number, entity), " "])));
    }));
  if (!sorted.length) body.append(make("tr", {}, make("td", { colspan: 4, class: "soft" }, "Nothing yet.")));
  if (focus) body.querySelector(`[data-key="${CSS.escape(focus)}"]`)?.focus();
}

function link(number, entity) {
  return make("button", {
    type: "button",
    class: "link",
    "data-key": `${number} ${entity.label} ${entity.start}`,
    "aria-label": `Tweet ${number}`,
    onclick: () => {
      if (!$(`tweet-${number}`)) filterBy({ number });
      const target = $(`tweet-${number}`);
      target?.scrollIntoView({ block: "center" });
      target?.focus();
    },
  }, `#${number}`);
}
