// An incident: what is known, its posts, its alerts with their deliveries, and what was done.

import { json } from "./api.js";
import { $, inWords, make, percent } from "./dom.js";
import { shownTime } from "./times.js";

const at = (time) => shownTime(Date.parse(time));
const spoken = ([least, most]) => (least === most ? String(least) : `${least} to ${most}`);
const named = ({ name, country }) => [name, country].filter(Boolean).join(", ") || "by coordinates alone";

function facts({ item, numbers, classes, needs, organisations, verified_by, until }) {
  const shares = Object.entries(classes).sort(([, one], [, other]) => other - one);
  const lines = [
    ["State", item.state],
    ["Type", item.type && inWords(item.type)],
    ["Place", item.place && named(item.place)],
    ["Numbers", Object.entries(numbers).map(([name, own]) => `${spoken(own)} ${inWords(name)}`).join(", ")],
    ["Time", `${at(item.since)} to ${at(until)} UTC`],
    ["Known from", `${item.posts} posts by ${item.authors} authors; confidence ${percent(item.confidence)}`],
    ["Verified", verified_by ? `by ${verified_by}` : "by nobody"],
    ["Classes", shares.map(([name, share]) => `${inWords(name)} ${percent(share)}`).join(", ")],
    ["Needs", needs.map(inWords).join(", ")],
    ["Organisations", organisations.join(", ")],
    ["Told", item.told.join(", ") || "nobody"],
    ["Taken by", item.acknowledged_by.join(", ")],
  ];
  return make("dl", {}, ...lines.filter(([, value]) => value).flatMap(([name, value]) =>
    [make("dt", {}, name), make("dd", { dir: "auto" }, value)]));
}

// A post, covered until somebody who may uncovers it.
function postOf(incident, post, tell, uncovered) {
  const key = `${incident}|${post.number}`;
  const text = make("span", { dir: "auto" }, uncovered.get(key) ?? post.text);
  const button = uncovered.has(key) ? null : make("button", {
    type: "button", class: "link", "aria-label": `Uncover post ${post.number + 1}; this is written to the audit`,
    onclick: async () => {
      try {
        const found = await json(`/v1/desk/incidents/${incident}/posts/${post.number}/uncover`, { method: "POST" });
        uncovered.set(key, found.text);
        text.textContent = found.text;
        button.remove();
        tell("The post is uncovered. The audit has it.");
      } catch (error) {
        tell(error.message);
      }
    },
  }, "Uncover");
  return make("li", {}, text, " ", button);
}

function actText({ act, details }) {
  if (act === "note") return `note: ${details.text}`;
  return details.before && details.after ? `${act}: ${details.before} → ${details.after}` : inWords(act);
}

function table(caption, heads, rows) {
  const head = make("tr", {}, ...heads.map((own) => make("th", { scope: "col" }, own)));
  const body = rows.map((cells) => make("tr", {}, ...cells.map((own) => make("td", { dir: "auto" }, own ?? ""))));
  return make("div", { class: "box", tabindex: "0", role: "region", "aria-label": caption },
    make("table", {}, make("caption", {}, caption), make("thead", {}, head), make("tbody", {}, ...body)));
}

// `tell` says a line; `uncovered` keeps the texts that were uncovered, by incident and post.
export function showIncident(own, tell, uncovered) {
  $("incident").hidden = false;
  $("incident-head").textContent = own.item.headline;
  const section = (name, ...children) => [make("h3", {}, name), ...children];
  $("incident-content").replaceChildren(
    facts(own),
    ...section("Posts", own.posts.length
      ? make("ol", {}, ...own.posts.map((post) => postOf(own.item.id, post, tell, uncovered)))
      : make("p", { class: "soft" }, "None is shown.")),
    ...section("What was done", own.acts.length
      ? make("ol", {}, ...own.acts.map((act) => make("li", { dir: "auto" }, `${at(act.at)} ${act.actor}: ${actText(act)}`)))
      : make("p", { class: "soft" }, "Nothing yet.")),
    table("Alerts", ["Agency", "What", "Rule", "Version"],
      own.alerts.map((alert) => [alert.agency, `${alert.kind}: ${alert.headline}`, alert.rule, String(alert.version)])),
    table("Deliveries", ["Channel", "State", "Attempts", "Last answer"],
      own.deliveries.map((row) => [`${row.receiver}/${row.channel}`, row.state, String(row.attempts), row.answer])),
  );
}
