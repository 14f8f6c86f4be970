// The live view: a feed, its filters and counters, what was extracted, and the map.

import { hasToken, json } from "./api.js";
import { drawKinds, drawNumbers } from "./counters.js";
import { coveredOf } from "./covered.js";
import { $, arrange, inWords, make, marked, percent, put } from "./dom.js";
import { csv, geojson, save } from "./export.js";
import { Facts } from "./facts.js";
import { Watched } from "./feed.js";
import { factOf, filterBy, filters, numberOf, onlyWith, passes, whereOf } from "./filters.js";
import { WorldMap } from "./map.js";
import { notJudged } from "./language.js";
import { leftOut, tweetsOf } from "./replay.js";

const KEPT = 5000; // tweets that the page holds
const SHOWN = 100; // of them in the feed
const OFTEN = 250; // milliseconds between two drawings at least

let labels = { entities: [], events: [] };
let tweets = []; // oldest first
let dropped = 0;
let watched = null;
let map = null;
let facts = null;
let kind = "needs"; // of facts
let held = null; // what is shown while the view is held: as `now` tells it
let drawing = 0;
const items = new WeakMap(); // of tweets, in the feed

export function openLive(known) {
  if (map) return;
  labels = known;
  map = new WorldMap((place) => {
    filterBy({ place: place.name });
    draw();
  });
  facts = new Facts({ follow, only });
  $("f-class").append(...labels.events.map((name) => make("option", { value: name }, inWords(name))));
  $("f-type").append(...labels.entities.map((name) => make("option", { value: name }, inWords(name))));
  for (const radio of document.querySelectorAll("[name=source]")) radio.addEventListener("change", chooseSource);
  $("source-form").addEventListener("submit", (event) => (event.preventDefault(), start()));
  $("stop").addEventListener("click", stop);
  addEventListener("pagehide", stop);
  $("pause").addEventListener("click", () => hold(held === null));
  $("held").addEventListener("click", () => hold(false));
  $("filters").addEventListener("input", () => {
    reach(numberOf(filters().text));
    draw();
  });
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("filters").addEventListener("reset", () => {
    onlyWith(null);
    setTimeout(draw); // the fields are not yet empty
  });
  $("f-fact").addEventListener("click", () => {
    $("f-text").focus(); // the button goes
    onlyWith(null);
    draw();
  });
  for (const button of document.querySelectorAll("[data-facts]")) {
    button.addEventListener("click", () => {
      kind = button.dataset.facts;
      for (const other of document.querySelectorAll("[data-facts]")) other.setAttribute("aria-pressed", String(other === button));
      draw();
    });
  }
  $("covered").addEventListener("change", draw);
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
  let missing = "";
  if (chosen === "paste" || chosen === "file") {
    const file = $("file").files[0];
    const text = chosen === "paste" ? $("paste").value : file ? await file.text() : "";
    const read = tweetsOf(text);
    source.tweets = read.tweets;
    missing = leftOut(read);
    source.rate = Number($("rate").value);
    if (!source.tweets.length) return say("There is nothing to replay: paste some lines, or choose a file.");
  } else if (chosen === "feed") {
    if (!$("feed-choice").value) return say("No feed is running on this server.");
    source.feed = { id: $("feed-choice").value };
  }
  stop();
  tweets = [];
  dropped = 0;
  hold(false);
  $("stream-help").hidden = true;
  $("left-out").hidden = !missing;
  $("left-out").textContent = missing;
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

const now = () => ({ tweets, dropped, at: Date.now() });

function hold(is) {
  held = is ? { ...now(), tweets: [...tweets] } : null;
  $("pause").setAttribute("aria-pressed", String(is));
  draw();
}

// The hold is released where a tweet is asked for that came later.
function reach(number) {
  if (held && number > (held.tweets.at(-1)?.number ?? 0)) hold(false);
}

function follow(number) {
  reach(number);
  if (!$(`tweet-${number}`)) filterBy({ number });
  draw();
  const target = $(`tweet-${number}`);
  target?.scrollIntoView({ block: "center" });
  target?.focus();
}

// Only the tweets that name it; all again where it is pressed again.
function only(entity) {
  onlyWith(filters().fact === factOf(entity) ? null : entity);
  draw();
}

function drawLater() {
  drawing ||= setTimeout(draw, OFTEN);
}

// What is shown: the names of people and streets covered, where that is asked for.
function seen() {
  const view = held ?? now();
  return $("covered").checked ? { ...view, tweets: view.tweets.map(coveredOf) } : view;
}

function matching() {
  const wanted = filters();
  return seen().tweets.filter((tweet) => passes(tweet, wanted));
}

function draw() {
  clearTimeout(drawing);
  drawing = 0;
  const view = seen();
  const wanted = filters();
  const found = matching();
  drawProgress(wanted);
  drawFeed(found);
  drawNumbers(view, found.length);
  drawKinds(kinds(view.tweets, wanted), wanted.event, (name) => {
    $("f-class").value = filters().event === name ? "" : name;
    draw();
  });
  drawPlaces(found);
  facts.show(found, kind, wanted.fact);
}

// How far the replay is, and how much has come since the view is held: the only things that a hold does not stop.
function drawProgress(wanted) {
  const all = watched?.tweets.length;
  $("live-progress").hidden = !all;
  if (all) $("live-progress").value = (dropped + tweets.length) / all;
  $("held").hidden = held === null;
  if (held === null) return;
  const last = held.tweets.at(-1)?.number ?? 0;
  const later = tweets.filter((tweet) => tweet.number > last && passes(tweet, wanted));
  put($("held"), `${later.length} new: go on`);
}

function drawFeed(found) {
  const list = $("feed");
  const shown = found.slice(-SHOWN).map(item).reverse();
  // Who has the focus on a tweet keeps it, though a hundred others came.
  const focused = [...list.children].find((own) => own.contains(document.activeElement));
  if (focused && !shown.includes(focused) && found.some((tweet) => items.get(tweet) === focused)) shown.push(focused);
  arrange(list, shown);
  $("feed-empty").hidden = shown.length > 0;
  put($("feed-empty"), tweets.length ? "No tweet matches the filters." : "Tweets will appear here, the latest first.");
}

function item(tweet) {
  if (!items.has(tweet)) items.set(tweet, itemOf(tweet));
  return items.get(tweet);
}

function itemOf(tweet) {
  const event = !tweet.judged ? make("span", {}, notJudged(tweet.language)) : tweet.event
    ? make("span", {}, make("span", { class: "kind" }, inWords(tweet.event.label)), ` ${percent(tweet.event.score)}`)
    : null;
  return make("li", { id: `tweet-${tweet.number}`, value: tweet.number, tabindex: -1 },
    make("div", { class: "meta" },
      make("span", { class: "number" }, `#${tweet.number}`),
      make("time", { datetime: tweet.at }, new Date(tweet.at).toLocaleTimeString("en-GB")),
      event),
    make("p", { class: "marked", dir: "auto" }, ...marked(tweet.text, tweet.entities)));
}

// How many tweets of each kind pass the other filters.
function kinds(all, wanted) {
  const counts = new Map(labels.events.map((name) => [name, 0]));
  for (const tweet of all) {
    if (tweet.event && passes(tweet, { ...wanted, event: "" })) counts.set(tweet.event.label, counts.get(tweet.event.label) + 1);
  }
  return [...counts];
}

function drawPlaces(found) {
  const places = new Map();
  for (const tweet of found) {
    const own = new Map(tweet.entities.filter(({ place }) => place).map(({ place }) => [whereOf(place), place]));
    for (const [key, place] of own) places.set(key, { place, tweets: (places.get(key)?.tweets ?? 0) + 1 });
  }
  map.show([...places.values()]);
  const names = [...new Set([...places.values()].sort((one, other) => other.tweets - one.tweets).map(({ place }) => place.name))].slice(0, 50);
  const options = $("known-places");
  if (options.dataset.names === String(names)) return; // an open list of suggestions would close
  options.dataset.names = names;
  options.replaceChildren(...names.map((name) => make("option", { value: name })));
}
