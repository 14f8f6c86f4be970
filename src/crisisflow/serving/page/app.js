// The page: its views, and what is served.

import { json, onMissingToken, useToken } from "./api.js";
import { $ } from "./dom.js";
import { openLive } from "./live.js";
import { openStudy } from "./study.js";
import { openTweet } from "./tweet.js";

const VIEWS = ["tweet", "live", "study"];
const opened = { study: openStudy };

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

function viewOfAddress() {
  const name = location.hash.slice(1);
  return VIEWS.includes(name) ? name : "tweet";
}

for (const name of VIEWS) {
  $(`tab-${name}`).addEventListener("click", () => (location.hash = name));
  $(`tab-${name}`).addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = VIEWS[(VIEWS.indexOf(name) + step + VIEWS.length) % VIEWS.length];
    location.hash = next;
    $(`tab-${next}`).focus();
  });
}
addEventListener("hashchange", () => location.hash !== "#main" && show(viewOfAddress()));

async function tellServed() {
  const facts = await json("/v1/version");
  $("served").textContent =
    `Row ${facts.row}, seed ${facts.seed}, preset ${facts.preset} · ${facts.runtime} · weights ${facts.model.slice(0, 8)}`;
  $("sample-note").hidden = facts.preset !== "sample";
  const labels = await json("/v1/labels");
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

async function start() {
  try {
    await tellServed();
    show(viewOfAddress());
  } catch (error) {
    $("served").textContent = error.message;
  }
}

openTweet();
start();
