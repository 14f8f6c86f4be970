// The live view: a feed, its filters and counters, what was extracted, and the map.

import { hashOf, parametersOf, viewOf } from "./address.js";
import { hasToken, json } from "./api.js";
import { drawCounts, drawNumbers } from "./counters.js";
import { coveredOf } from "./covered.js";
import { decoded, Unreadable } from "./decoding.js";
import { $, arrange, inWords, make, marked, percent, put } from "./dom.js";
import { csv, geojson, save } from "./export.js";
import { Facts } from "./facts.js";
import { Watched } from "./feed.js";
import { factOf, filterBy, filters, listKnown, numberOf, onlyWith, parameters, passes, setFilters, topicOf, whereOf } from "./filters.js";
import { countHelp, HelpTable, isOffer, nearestOf } from "./help.js";
import { WorldMap } from "./map.js";
import { notJudged } from "./language.js";
import { leftOut, tweetsOf } from "./replay.js";
import { minuteOf, shownTime, timeOf } from "./times.js";

const KEPT = 5000; // tweets that the page holds
const SHOWN = 100; // of them in the feed, and as many more with each press
const OFTEN = 250; // milliseconds between two drawings at least

let labels = { entities: [], classes: [], help: [], topics: [] };
let tweets = []; // oldest first
let dropped = 0;
let watched = null; // the feed whose tweets are shown
let running = false; // whether more of them may come
let total = null; // of a replay
let come = false; // whether a tweet has come since the status was told
let map = null;
let facts = null;
let helpTable = null;
let kind = "needs"; // of facts
let held = null; // what is shown while the view is held: as `now` tells it
let drawing = 0;
let shown = SHOWN;
let editing = null; // the field that is being filled: all of its changes are one step back
let fitting = false; // whether the map is to show the places of what the filters ask for
let until = 0; // the tweet up to which it is
const items = new WeakMap(); // of tweets, in the feed

export function openLive(known) {
  if (map) return;
  labels = known;
  listKnown(labels);
  map = new WorldMap((place) => {
    filterBy({ place: place.name });
    changed();
  });
  facts = new Facts({ follow, only });
  helpTable = new HelpTable(onlyAt);
  $("help").hidden = !labels.help.length;
  $("topics").hidden = !labels.topics.length;
  for (const id of ["help-by", "help-least"]) $(id).addEventListener("input", draw);
  for (const radio of document.querySelectorAll("[name=source]")) radio.addEventListener("change", chooseSource);
  $("pace").addEventListener("change", choosePace);
  $("source-form").addEventListener("submit", (event) => (event.preventDefault(), start()));
  $("other").addEventListener("click", () => unfold($("source").hidden));
  $("stop").addEventListener("click", () => end(watched.id));
  $("pause").addEventListener("click", () => hold(held === null));
  $("held").addEventListener("click", () => hold(false));
  $("more").addEventListener("click", () => {
    shown += SHOWN;
    draw();
  });
  $("filters").addEventListener("input", (event) => {
    reach(numberOf(filters().text));
    changed(event.target.id === editing);
    editing = event.target.type === "checkbox" ? null : event.target.id;
  });
  $("filters").addEventListener("change", () => (editing = null));
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("filters").addEventListener("reset", (event) => {
    event.preventDefault(); // the form does not know all that it has
    setFilters(new URLSearchParams());
    changed();
  });
  $("f-fact").addEventListener("click", () => {
    $("f-text").focus(); // the button goes
    onlyWith("");
    changed();
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
  setInterval(() => {
    drawLater(); // minutes pass without tweets
    if (!$("view-live").hidden && !$("source").hidden) listFeeds();
  }, 10_000);
  draw();
}

// Shows what the address says: the filters, and the feed.
export function showLive() {
  if (!map) return;
  const own = parametersOf();
  const before = String(parameters());
  setFilters(own);
  if (String(parameters()) !== before) changed(true);
  const feed = own.get("feed");
  if (feed && feed !== watched?.id) watch({ id: feed });
  else if (!feed && watched) leave();
  if (!$("source").hidden) listFeeds();
}

// Where the view is found again: with its feed and filters.
export function addressOfLive() {
  const own = parameters();
  if (watched?.id) own.set("feed", watched.id);
  return hashOf("live", own);
}

// The address follows the view; `same` keeps the step back that there is.
function settle(same) {
  const address = addressOfLive();
  if (viewOf() !== "live" || address === location.hash) return;
  history[same ? "replaceState" : "pushState"](null, "", address);
}

// The filters are others.
function changed(same = false) {
  shown = SHOWN;
  fitting = true;
  until = tweets.at(-1)?.number ?? 0;
  settle(same);
  draw();
}

function chooseSource() {
  const chosen = document.querySelector("[name=source]:checked").value;
  for (const part of document.querySelectorAll("[data-source]")) {
    part.hidden = !part.dataset.source.split(" ").includes(chosen);
  }
}

function choosePace() {
  const recorded = $("pace").value === "speed";
  $("rate").max = recorded ? 100_000 : 1000;
  $("rate").min = recorded ? 0.01 : 0.1;
  $("rate").value = recorded ? 1 : 5;
}

const stateOf = ({ kind: own, total: all, sent, ended, opened_at: at }) =>
  `${own === "replay" ? "Replay" : "Stream"} of ${minuteOf(Date.parse(at))} UTC: ${sent.toLocaleString("en")}`
  + (all === null ? ` ${sent === 1 ? "tweet" : "tweets"}` : ` of ${all.toLocaleString("en")} ${all === 1 ? "tweet" : "tweets"}`)
  + (ended ? ", ended" : "");

function endButton({ id, ended }, words) {
  const name = ended ? "Remove" : "End";
  return make("button", { type: "button", class: "chip", "aria-label": `${name}: ${words}`, onclick: () => end(id) }, name);
}

async function listFeeds() {
  const feeds = await json("/v1/live").catch(() => []);
  $("running-feeds").hidden = !feeds.length;
  if ($("feeds").contains(document.activeElement)) return; // who is about to press a button keeps it
  $("feeds").replaceChildren(...feeds.map((feed) => {
    const words = stateOf(feed);
    return make("li", {}, words, " ",
      feed.id === watched?.id ? make("span", { class: "soft" }, "(shown below)")
        : make("button", { type: "button", class: "chip", "aria-label": `Watch: ${words}`, onclick: () => watch({ id: feed.id }) }, "Watch"), " ",
      feed.own ? null : endButton(feed, words));
  }));
}

async function start() {
  const chosen = document.querySelector("[name=source]:checked").value;
  if (chosen === "stream") return watch({});
  const file = $("file").files[0];
  let read;
  try {
    if (chosen === "file" && !file) return say("There is nothing to replay: choose a file.");
    read = chosen === "paste" ? await tweetsOf($("paste").value) : await tweetsOf(await decoded(await file.arrayBuffer()), file.name);
  } catch (error) {
    if (!(error instanceof Unreadable)) return say(error.message);
    return say(`${chosen === "file" ? file.name : "The pasted text"} is not read. ${error.message}`);
  }
  if (!read.tweets.length) return say("There is nothing to replay: paste some lines, or choose a file with tweets.");
  const pace = { [$("pace").value]: Number($("rate").value) };
  if (pace.speed && !read.timed) return say("No tweet has a time: choose tweets a second.");
  watch({ tweets: read.tweets, pace, missing: leftOut(read), timed: read.timed });
}

// Watches a feed in place of the one before, which goes on without this page.
function watch({ missing = "", timed = 0, ...source }) {
  watched?.leave();
  tweets = [];
  dropped = 0;
  total = null;
  hold(false);
  tellMissing(missing);
  $("stream-help").hidden = true;
  watched = new Watched((news) => own === watched && hear(news, timed), source);
  const own = watched;
  going(true);
  unfold(false);
  say("Connecting…");
  draw();
  own.run();
}

function leave() {
  watched?.leave();
  watched = null;
  tweets = [];
  dropped = 0;
  going(false);
  unfold(true);
  tellMissing("");
  $("stream-help").hidden = true;
  say("Nothing is running.");
  hold(false);
}

// Ends a feed, for everybody.
async function end(id) {
  const own = id === watched?.id ? watched : new Watched(() => {}, { id });
  try {
    await own.end();
  } catch (error) {
    return say(error.message);
  }
  if (own !== watched) return listFeeds();
  going(false);
  watched = null;
  settle(true);
  say(`The feed was ended: ${count()}.`);
  listFeeds();
}

function tellMissing(words) {
  $("left-out").hidden = !words;
  $("left-out").textContent = words;
}

// How a program sends to a stream. A shell puts the token in, so that it is neither shown here nor kept with the command.
function command({ id }) {
  const token = hasToken() ? ' -H "authorization: Bearer $TOKEN"' : "";
  return `curl ${location.origin}/v1/live/${id}/tweets${token} -H 'content-type: application/json' -d '{"tweets": [{"text": "…"}]}'`;
}

function opened(state, all, again, timed) {
  total = all;
  $("stop").disabled = state.own || state.ended;
  $("stop").title = state.own ? "This feed is the server's own, and ends with it" : "";
  $("stream-help").hidden = state.kind !== "stream" || state.own;
  $("stream-command").textContent = command(state);
  if (timed > state.dated) {
    tellMissing(`${$("left-out").textContent} Tweets with a time that cannot be read, which show when they came: ${(timed - state.dated).toLocaleString("en")}.`.trim());
  }
  settle(again);
  fitting = state.sent > 0 || Boolean(String(parameters()));
  until = state.sent;
  come = false;
  if (!state.ended && !state.sent) say(state.kind === "stream" ? "Waiting for the first tweet." : "The replay begins.");
}

function hear({ opened: state, total: all, again, tweet, gap, lost, back, reset, ended, gone, failed }, timed) {
  if (state) opened(state, all, again, timed);
  if (reset !== undefined) {
    tweets = tweets.filter(({ number }) => number <= reset);
    dropped = Math.min(dropped, reset);
    hold(false);
    say("The feed began anew.");
  }
  if (gap) dropped += gap;
  if (tweet) {
    tweets.push({ ...tweet, time: timeOf(tweet) });
    if (tweets.length > KEPT) {
      dropped += tweets.length - KEPT;
      tweets = tweets.slice(-KEPT);
    }
    if (!come) say(total ? `Replaying ${total.toLocaleString("en")} ${total === 1 ? "tweet" : "tweets"}.` : "Tweets are coming in.");
    come = true;
    drawLater();
  }
  if (lost) say(`${lost}; trying again. ${count()} so far.`, "lost");
  if (back) say("Connected again.");
  if (lost || back) come = false; // the next tweet tells the status anew
  if (gone) say(tweets.length ? `This feed is gone: ${count()} were shown.` : "This feed is gone: it was ended, or the server was started anew.");
  else if (ended) say(`The feed has ended: ${count()}.`);
  if (failed) say(failed);
  if (gone || failed) {
    watched = null;
    settle(true);
    unfold(true);
  }
  if (ended || failed) going(false);
}

function count() {
  const all = dropped + tweets.length;
  return `${all.toLocaleString("en")} ${all === 1 ? "tweet" : "tweets"}`;
}

function going(is) {
  running = is;
  $("stop").disabled = $("pause").disabled = !is;
  $("live-dot").classList.toggle("on", is);
}

// The form is one line while a feed is shown.
function unfold(is) {
  const focused = $("source").contains(document.activeElement);
  $("source").hidden = !is;
  $("other").hidden = !watched && tweets.length === 0;
  $("other").setAttribute("aria-expanded", String(is));
  if (!is && focused) $("pause").focus();
  if (is) listFeeds();
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
  if (!$(`tweet-${number}`)) {
    filterBy({ number });
    changed();
  }
  draw();
  const target = $(`tweet-${number}`);
  target?.scrollIntoView({ block: "center" });
  target?.focus();
}

// Only the tweets that name it; all again where it is pressed again.
function only(entity) {
  onlyWith(filters().fact === factOf(entity) ? "" : factOf(entity));
  changed();
}

// Only the tweets that name this place; all again where it is pressed again.
function onlyAt(place) {
  const { place: chosen } = filters();
  filterBy({ place: chosen.includes(place.toLowerCase()) ? "" : place });
  changed();
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
  drawCounts($("classes"), countClasses(view.tweets, wanted), wanted.classes, (name) => press("classes", name));
  drawCounts($("topic-counts"), countTopics(view.tweets, wanted), wanted.topic, (number) => press("topic", number));
  if (labels.help.length) drawHelp(view.tweets, wanted);
  drawPlaces(found);
  facts.show(found, kind, wanted.fact);
}

// Only the tweets of this class or topic too; without it where it is chosen.
function press(filter, name) {
  const chosen = filters()[filter];
  filterBy({ [filter]: chosen.includes(name) ? chosen.filter((own) => own !== name) : [...chosen, name] });
  changed();
}

// How far the replay is, and how much has come since the view is held: the only things that a hold does not stop.
function drawProgress(wanted) {
  $("live-progress").hidden = !total || !running;
  if (total) $("live-progress").value = (dropped + tweets.length) / total;
  $("held").hidden = held === null;
  if (held === null) return;
  const last = held.tweets.at(-1)?.number ?? 0;
  const later = tweets.filter((tweet) => tweet.number > last && passes(tweet, wanted));
  put($("held"), `${later.length} new, show`);
}

function drawFeed(found) {
  const list = $("feed");
  const listed = found.slice(-shown).map(item).reverse();
  // Who has the focus on a tweet keeps it, though a hundred others came.
  const focused = [...list.children].find((own) => own.contains(document.activeElement));
  if (focused && !listed.includes(focused) && found.some((tweet) => items.get(tweet) === focused)) listed.push(focused);
  arrange(list, listed);
  const rest = Math.max(0, found.length - shown);
  $("more").hidden = !rest;
  put($("more"), `Show ${Math.min(SHOWN, rest)} more of ${rest.toLocaleString("en")} earlier ${rest === 1 ? "tweet" : "tweets"}`);
  $("feed-empty").hidden = listed.length > 0;
  put($("feed-empty"), tweets.length ? "No tweet matches the filters." : "Tweets will appear here, the latest first.");
}

function item(tweet) {
  if (!items.has(tweet)) items.set(tweet, itemOf(tweet));
  return items.get(tweet);
}

function itemOf(tweet) {
  const best = tweet.judged === false ? make("span", {}, notJudged(tweet.language)) : tweet.class
    ? make("span", {}, make("span", { class: "best" }, inWords(tweet.class.label)), ` ${percent(tweet.class.score)}`)
    : null;
  return make("li", { id: `tweet-${tweet.number}`, value: tweet.number, tabindex: -1 },
    make("div", { class: "meta" },
      make("span", { class: "number" }, `#${tweet.number}`),
      make("time", { datetime: tweet.created_at ?? tweet.at, title: tweet.created_at ? `analysed ${tweet.at}` : "when it was analysed" },
        shownTime(tweet.time)),
      best, helpOf(tweet)),
    make("p", { class: "marked", dir: "auto" }, ...marked(tweet.text, tweet.entities)),
    ...(isOffer(tweet) ? nearestOf(tweet, { text: textOf, follow }) : []));
}

function helpOf({ help }) {
  if (!help || help.label === "irrelevant") return null;
  const resources = help.resources.length ? `: ${help.resources.map(inWords).join(", ")}` : "";
  return make("span", {}, make("span", { class: "best" }, inWords(help.label)), `${resources} ${percent(help.probabilities[help.label])}`);
}

// What is shown of the text of a tweet; nothing once it was dropped.
const textOf = (number) => seen().tweets.find((tweet) => tweet.number === number)?.text ?? "";

// How many tweets of each class pass the other filters.
function countClasses(all, wanted) {
  const counts = new Map(labels.classes.map((name) => [name, 0]));
  for (const tweet of all) {
    if (tweet.class && passes(tweet, { ...wanted, classes: [] })) counts.set(tweet.class.label, counts.get(tweet.class.label) + 1);
  }
  return [...counts].map(([name, count]) => [name, inWords(name), count]);
}

// How many tweets of each topic pass the other filters.
function countTopics(all, wanted) {
  const counts = labels.topics.map(() => 0);
  for (const tweet of all) {
    if (tweet.topic && passes(tweet, { ...wanted, topic: [] })) counts[tweet.topic.number] += 1;
  }
  return labels.topics.map((label, number) => [String(number), topicOf(number, label), counts[number]]);
}

// Of the tweets that pass the other filters.
function drawHelp(all, wanted) {
  const counted = all.filter((tweet) => passes(tweet, { ...wanted, help: [] }));
  helpTable.show(countHelp(counted, $("help-by").value), Number($("help-least").value), wanted.place);
}

function drawPlaces(found) {
  const places = new Map();
  for (const tweet of found) {
    const own = new Map(tweet.entities.filter(({ place }) => place).map(({ place }) => [whereOf(place), place]));
    for (const [key, place] of own) places.set(key, { place, tweets: (places.get(key)?.tweets ?? 0) + 1 });
  }
  map.show([...places.values()]);
  // A filter moves the map; what comes later does not.
  if (fitting && places.size) map.fit();
  if (fitting && (tweets.at(-1)?.number ?? 0) >= until && (places.size || !watched)) fitting = false;
  const names = [...new Set([...places.values()].sort((one, other) => other.tweets - one.tweets).map(({ place }) => place.name))].slice(0, 50);
  const options = $("known-places");
  if (options.dataset.names === String(names)) return; // an open list of suggestions would close
  options.dataset.names = names;
  options.replaceChildren(...names.map((name) => make("option", { value: name })));
}
