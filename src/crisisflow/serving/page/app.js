// The page: its views, and what is served.

import { viewOf } from "./address.js";
import { json, onMissingToken, useToken } from "./api.js";
import { openDesk, showDesk } from "./desk.js";
import { $ } from "./dom.js";
import { addressOfLive, openLive, showLive } from "./live.js";
import { openStudy } from "./study.js";
import { askForHelp, openTweet } from "./tweet.js";

let VIEWS = ["tweet", "live", "study"]; // with a store behind the page, the inbox comes first
const opened = { inbox: showDesk, study: openStudy, live: showLive };
const POLL = 1000; // milliseconds

function show(view) {
  for (const name of VIEWS) {
    const tab = $(`tab-${name}`);
    tab.setAttribute("aria-selected", String(name === view));
    tab.tabIndex = name === view ? 0 : -1;
    $(`view-${name}`).hidden = name !== view;
  }
  document.title = `crisisflow: ${view}`;
  opened[view]?.();
}

const viewOfAddress = () => (VIEWS.includes(viewOf()) ? viewOf() : VIEWS[0]);

// The live view is found again as it was left.
function go(view) {
  if (view !== viewOfAddress()) location.hash = view === "live" ? addressOfLive() : view;
}

for (const name of ["inbox", ...VIEWS]) {
  $(`tab-${name}`).addEventListener("click", () => go(name));
  $(`tab-${name}`).addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = VIEWS[(VIEWS.indexOf(name) + step + VIEWS.length) % VIEWS.length];
    go(next);
    $(`tab-${next}`).focus();
  });
}
addEventListener("hashchange", () => location.hash !== "#main" && show(viewOfAddress()));

async function tellServed() {
  const facts = await json("/v1/version");
  $("served").textContent =
    `${facts.name} · preset ${facts.preset} · ${facts.runtime} · weights ${facts.model.slice(0, 8)}`;
  $("model-note").textContent = `Model: ${facts.name}, trained on ${facts.trained_on}. ` + (facts.generated
    ? "Its answers mean nothing about real tweets." : "Its answers are guesses: a person decides.");
  if (facts.help) {
    $("model-note").append(` Requests and offers: ${facts.help.name}, trained on ${facts.help.trained_on}.`
      + (facts.help.generated ? " Its answers mean nothing about real tweets." : ""));
  }
  if (facts.topics) {
    $("model-note").append(` Topics: ${facts.topics.name}, of ${facts.topics.trained_on}.`
      + (facts.topics.generated ? " They mean nothing about real tweets." : ""));
  }
  $("model-note").classList.toggle("notice", facts.generated || Boolean(facts.help?.generated || facts.topics?.generated));
  $("model-note").hidden = false;
  if (facts.desk && !VIEWS.includes("inbox")) {
    VIEWS = ["inbox", ...VIEWS];
    $("tab-inbox").hidden = false;
    await openDesk();
  }
  const labels = await json("/v1/labels");
  askForHelp(labels);
  openLive(labels);
}

onMissingToken(() => {
  if (!$("token-form").hidden) return;
  $("token-form").hidden = false;
  $("token").focus();
});
$("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  useToken($("token").value.trim());
  $("token-form").hidden = true;
  start();
});

// Says that the server is not ready yet, for as long as it is not.
async function tellStarting() {
  const ready = await fetch("/readyz").then(({ ok }) => ok, () => true); // without a connection, nothing is starting
  $("starting").hidden = ready;
  if (!ready) setTimeout(tellStarting, POLL);
}

async function start() {
  try {
    await tellServed();
    show(viewOfAddress());
  } catch (error) {
    $("served").textContent = error.message;
  }
}

openTweet();
tellStarting();
start();
