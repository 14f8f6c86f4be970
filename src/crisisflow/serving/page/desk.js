// The inbox: incidents of the store by urgency, with the clock of their deadline; each act by one key, and undone by one.

import { events, json, Refused } from "./api.js";
import { hashOf, parametersOf, viewOf } from "./address.js";
import { $, arrange, make, put } from "./dom.js";
import { showIncident } from "./incident.js";
import { shownTime } from "./times.js";

const SECOND = 1000; // milliseconds
const SLOWLY = 15 * SECOND; // deliveries that go well are no event
const KEYS = { a: "acknowledge", c: "close", o: "open" };
const BEFORE = { open: "open", acknowledged: "acknowledge", closed: "close" }; // the act that leads to a state
const DONE = { acknowledge: "Acknowledged", close: "Closed", open: "Open again" };

const rows = new Map(); // lines of the list by incident
const uncovered = new Map();
let shown = null; // the incident that is shown
let undo = null; // { id, version, act } that leads back
let mayAct = false;

const tell = (text) => put($("desk-status"), text);
const chosen = () => parametersOf().get("incident");
const stateShown = () => parametersOf().get("state") ?? "open";

function goTo(changes) {
  const parameters = parametersOf();
  for (const [name, value] of Object.entries(changes)) value === null ? parameters.delete(name) : parameters.set(name, value);
  location.hash = hashOf("inbox", parameters);
}

function clock(deadline) {
  if (!deadline) return "";
  const left = Math.round((Date.parse(deadline) - Date.now()) / SECOND);
  const minutes = Math.floor(Math.abs(left) / 60);
  const time = minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return left < 0 ? `late by ${time}` : `${time} left`;
}

function lineOf(item) {
  const act = (name, word) => make("button", {
    type: "button", class: "chip", "data-act": name, onclick: () => acts(item.id, name), disabled: !mayAct,
  }, word);
  const row = { head: null, meta: make("div", { class: "meta" }), late: make("span", {}), item };
  row.head = make("button", { type: "button", class: "link head", onclick: () => goTo({ incident: item.id }) });
  row.note = make("form", { class: "line", hidden: true, onsubmit: (event) => (event.preventDefault(), note(row)) },
    make("input", { "aria-label": "Note", maxlength: 1000, required: true, autocomplete: "off" }), make("button", {}, "Write"));
  row.buttons = make("div", { class: "line" }, act("acknowledge", "Acknowledge"), act("open", "Open"),
    make("button", { type: "button", class: "chip", onclick: () => openNote(row), disabled: !mayAct }, "Note"), act("close", "Close"));
  row.element = make("li", { "data-incident": item.id }, row.head, row.meta, row.buttons, row.note);
  return row;
}

function fill(row, item) {
  row.item = item;
  put(row.head, item.headline);
  row.head.setAttribute("aria-current", String(item.id === chosen()));
  row.meta.replaceChildren(
    make("span", { class: "priority" }, item.priority ?? "no alert"), row.late,
    make("span", {}, `since ${shownTime(Date.parse(item.since))}`),
    make("span", {}, `${item.posts} posts by ${item.authors} authors`),
    make("span", { dir: "auto" }, item.told.length ? `told: ${item.told.join(", ")}` : "nobody is told"));
  tick(row);
  for (const [name, state] of [["acknowledge", "acknowledged"], ["open", "open"], ["close", "closed"]]) {
    row.buttons.querySelector(`[data-act=${name}]`).hidden = item.state === state;
  }
}

function tick(row) {
  put(row.late, clock(row.item.deadline));
  row.late.className = row.item.deadline && Date.parse(row.item.deadline) < Date.now() ? "late" : "";
}

// One question at a time; what changes meanwhile is asked for once more.
let asking = null;
let again = false;
async function refresh() {
  if (asking) {
    again = true;
    return asking;
  }
  asking = (async () => {
    do {
      again = false;
      await load();
    } while (again);
  })();
  try {
    await asking;
  } catch (error) {
    tell(error.message);
  } finally {
    asking = null;
  }
}

async function load() {
  const items = await json(`/v1/desk/incidents?state=${stateShown()}`);
  const focused = document.activeElement?.closest?.("#inbox li");
  const place = focused ? [...$("inbox").children].indexOf(focused) : -1;
  const before = new Map(rows);
  rows.clear();
  for (const item of items) {
    const row = before.get(item.id) ?? lineOf(item);
    fill(row, item);
    rows.set(item.id, row);
  }
  const elements = [...rows.values()].map(({ element }) => element);
  arrange($("inbox"), elements, { still: true });
  if (focused && !focused.isConnected) [...rows.values()][Math.min(place, rows.size - 1)]?.head.focus();
  $("inbox-empty").hidden = items.length > 0;
  await loadIncident();
}

async function loadIncident() {
  const id = chosen();
  if (!id) {
    $("incident").hidden = true;
    shown = null;
    return;
  }
  const own = await json(`/v1/desk/incidents/${encodeURIComponent(id)}`);
  if (id !== chosen()) return;
  const same = shown && JSON.stringify(shown) === JSON.stringify(own);
  shown = own;
  if (!same) showIncident(own, tell, uncovered);
}

// An act on the version that is seen in the list.
async function acts(id, act, text = "", version = rows.get(id)?.item.version) {
  const item = rows.get(id)?.item;
  try {
    const found = await json(`/v1/desk/incidents/${encodeURIComponent(id)}/acts`, {
      method: "POST", body: { act, text }, headers: { "if-match": `"${version}"` },
    });
    if (act !== "note") {
      undo = item ? { id, version: found.item.version, act: BEFORE[item.state] } : null;
      $("desk-undo").disabled = !undo;
    }
    await refresh();
    tell(`${act === "note" ? "Noted" : DONE[act]}: ${found.item.headline}${act === "note" || !undo ? "" : ". u undoes it."}`);
  } catch (error) {
    await refresh();
    const stale = error instanceof Refused && error.status === 412;
    tell(stale ? `Not done: ${error.message}. What it is now is shown.` : error.message);
  }
}

async function undoLast() {
  if (!undo) return;
  const { id, act, version } = undo;
  undo = null;
  $("desk-undo").disabled = true;
  await acts(id, act, "", version);
  rows.get(id)?.head.focus();
}

function openNote(row) {
  row.note.hidden = false;
  row.note.querySelector("input").focus();
}

async function note(row) {
  const input = row.note.querySelector("input");
  await acts(row.item.id, "note", input.value);
  input.value = "";
  row.note.hidden = true;
  row.head.focus();
}

function pressed(event) {
  const row = rows.get(event.target.closest("li")?.dataset.incident);
  if (!row || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.matches("input")) {
    if (event.key === "Escape") (row.note.hidden = true), row.head.focus();
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const order = [...rows.values()];
  if (step) order[order.indexOf(row) + step]?.head.focus();
  else if (event.key === "u") undoLast();
  else if (mayAct && event.key === "n") openNote(row);
  else if (mayAct && KEYS[event.key]) acts(row.item.id, KEYS[event.key]);
  else return;
  event.preventDefault();
}

// The last event that was seen is told when the connection comes back, so that nothing is missed; each is a question
// for what is now, so that nothing is doubled.
async function watch() {
  let last = null;
  for (let tries = 0; ; tries += 1) {
    try {
      for await (const { id, event } of events("/v1/desk/events", last)) {
        if (tries || last === null) tell("Connected: what changes is shown at once.");
        $("desk-dot").className = "dot on";
        tries = 0;
        last = id ?? last;
        if (event === "changed") refresh();
      }
    } catch (error) {
      if (error instanceof Refused && error.status === 401) return tell(error.message);
    }
    $("desk-dot").className = "dot lost";
    tell("The connection is lost; it is tried again.");
    await new Promise((resolve) => setTimeout(resolve, Math.min(10, 0.5 * 2 ** tries) * SECOND));
  }
}

export function showDesk() {
  $("inbox-state").value = stateShown();
  refresh();
}

export async function openDesk() {
  $("inbox").addEventListener("keydown", pressed);
  $("desk-undo").addEventListener("click", undoLast);
  $("inbox-state").addEventListener("change", () => goTo({ state: $("inbox-state").value }));
  setInterval(() => rows.forEach(tick), SECOND);
  setInterval(() => viewOf() === "inbox" && refresh(), SLOWLY);
  const me = await json("/v1/desk");
  mayAct = me.role !== "viewer";
  await refresh();
  watch();
}
