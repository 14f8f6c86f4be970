// The view of one text: what the model finds, and what the rules say beside it.

import { json } from "./api.js";
import { $, bar, inWords, isBlank, make, marked, percent } from "./dom.js";
import { notJudged } from "./language.js";

const EXAMPLES = [
  "17 people killed near Marawi, rescue teams requested immediately",
  "Magnitude 6.2 earthquake: 40 families evacuated from Kathmandu, tents and drinking water needed",
  "Please donate to the Red Cross, volunteers are distributing food in Houston after the floods 🙏",
  "Bridge collapsed and power is out across Wilmington, avoid Highway 17 #HurricaneFlorence",
];

let latest = 0; // number of the request whose answer is shown
let helping = false; // whether the server has a model of requests and offers

export const askForHelp = (labels) => (helping = labels.help.length > 0);

export function openTweet() {
  $("examples").append(
    ...EXAMPLES.map((text) =>
      make("li", {}, make("button", { type: "button", class: "chip", onclick: () => analyse(($("tweet-text").value = text)) }, text)),
    ),
  );
  $("tweet-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = $("tweet-text").value;
    if (!isBlank(text)) return analyse(text);
    $("tweet-status").textContent = "There is nothing to analyse: type or paste a text.";
    $("tweet-text").focus();
  });
  $("tweet-text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("tweet-form").requestSubmit();
  });
}

async function analyse(text) {
  const own = ++latest;
  $("tweet-status").textContent = "Asking the model…";
  $("rules-status").textContent = "Asking the rules…";
  const model = json("/v1/predict", { method: "POST", body: { text } });
  const rules = json("/v1/explain", { method: "POST", body: { text } });
  const help = helping ? json("/v1/help", { method: "POST", body: { text } }) : null;
  rules.catch(() => {}); // told below, once the model has answered
  help?.catch(() => {}); // likewise
  try {
    const found = await model;
    if (own !== latest) return;
    showModel(text, found);
    compare(text, found.entities ?? [], null);
    $("rules-marked").replaceChildren();
    $("conflicts").hidden = true;
    $("tweet-help").hidden = true;
    try {
      if (help) showHelp(await help, own);
    } catch (error) {
      if (own === latest) $("tweet-status").textContent = error.message;
    }
    try {
      const opinion = await rules;
      if (own === latest) showRules(text, found.entities ?? [], opinion);
    } catch (error) {
      if (own === latest) $("rules-status").textContent = error.message;
    }
  } catch (error) {
    if (own === latest) $("tweet-status").textContent = error.message;
  }
}

function showModel(text, found) {
  $("tweet-result").hidden = false;
  $("tweet-marked").replaceChildren(...marked(text, found.entities ?? []));
  $("tweet-cut").hidden = !found.truncated;
  const scores = Object.entries(found.class?.scores ?? {}).sort((one, other) => other[1] - one[1]);
  $("tweet-class").replaceChildren(
    ...scores.map(([name, score], at) => bar(inWords(name), score, percent(score), { strong: at === 0 })),
  );
  const best = found.class ? `${inWords(found.class.label)}, ${percent(found.class.score)}` : "no class";
  const number = found.entities?.length ?? 0;
  $("tweet-status").textContent = found.judged === false ? `${notJudged(found.language)}.` : `${number} ${number === 1 ? "entity" : "entities"}; ${best}.`;
}

function showHelp({ label, probabilities, resources }, own) {
  if (own !== latest || label === null) return;
  const shares = Object.entries(probabilities).sort((one, other) => other[1] - one[1]);
  $("tweet-help").querySelector("ol").replaceChildren(
    ...shares.map(([name, share]) => bar(inWords(name), share, percent(share), { strong: name === label })));
  $("tweet-help").querySelector("p").textContent =
    resources.length ? `Resources: ${resources.map(inWords).join(", ")}.` : "It names no resource.";
  $("tweet-help").hidden = false;
}

function showRules(text, model, opinion) {
  $("rules-marked").replaceChildren(...marked(text, opinion.entities));
  const same = opinion.entities.filter((one) =>
    model.some((other) => one.start === other.start && one.end === other.end && one.label === other.label)).length;
  $("rules-status").textContent =
    `${opinion.entities.length} by the rules, ${model.length} by the model, ${same} the same.`;
  compare(text, model, opinion.entities);
  const points = Array.from(text);
  const shown = (span) => `“${points.slice(span.start, span.end).join("")}” ${inWords(span.label)}`;
  $("conflicts").hidden = opinion.conflicts.length === 0;
  $("conflicts").querySelector("summary").textContent =
    `${opinion.conflicts.length} overlapping ${opinion.conflicts.length === 1 ? "match" : "matches"} discarded`;
  $("conflicts").querySelector("ul").replaceChildren(
    ...opinion.conflicts.map(({ loser, winner, decided_by }) =>
      make("li", {}, `${shown(loser)} (${loser.source}: ${loser.rule}) lost to ${shown(winner)} (${winner.source}: ${winner.rule}) by ${decided_by}`)),
  );
}

function compare(text, model, rules) {
  const points = Array.from(text);
  const spans = new Map();
  for (const [side, found] of [["model", model], ["rules", rules ?? []]]) {
    for (const entity of found) {
      const key = `${entity.start}-${entity.end}`;
      spans.set(key, { ...(spans.get(key) ?? { start: entity.start, end: entity.end }), [side]: entity });
    }
  }
  const rows = [...spans.values()].sort((one, other) => one.start - other.start || one.end - other.end);
  const type = (entity) => make("span", { class: `type tag ${entity.label}` }, inWords(entity.label));
  const empty = () => make("span", { class: "soft" }, "–");
  $("compare").tBodies[0].replaceChildren(
    ...rows.map((row) =>
      make("tr", {},
        make("th", { scope: "row" }, points.slice(row.start, row.end).join("")),
        make("td", {}, ...(row.model ? [type(row.model), ` ${percent(row.model.score)}`] : [empty()])),
        make("td", {}, ...(row.rules
          ? [type(row.rules), " ", make("span", { class: "soft small" }, `${row.rules.source}: ${row.rules.rule}`)]
          : [rules === null ? "…" : empty()])))),
  );
  if (!rows.length) {
    $("compare").tBodies[0].append(make("tr", {}, make("td", { colspan: 3, class: "soft" }, "No entities.")));
  }
}
