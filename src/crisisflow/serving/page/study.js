// The view of the studies: report, tables and figures of one study's results, read anew whenever it is opened.

import { hashOf, parametersOf } from "./address.js";
import { hasToken, json, request } from "./api.js";
import { $, inWords, make } from "./dom.js";
import { save } from "./export.js";

export async function openStudy() {
  try {
    const { studies } = await json("/v1/studies");
    const name = studyOfAddress(studies);
    listStudies(studies, name);
    const base = `/v1/studies/${name}`;
    const study = await json(base);
    const tables = study.tables.map((table) => tableOf(base, table));
    const figures = await Promise.all(study.figures.map((figure) => figureOf(base, figure)));
    if (studyOfAddress(studies) !== name) return; // another one was chosen meanwhile
    $("study").replaceChildren(...(study.report ? [reportOf(base)] : []), contents({ Tables: tables, Figures: figures }),
      ...tables, make("div", { class: "figures" }, ...figures));
    $("study-status").textContent = tables.length || figures.length || study.report ? "" : "There are no results yet; run: make reproduce";
  } catch (error) {
    $("study-status").textContent = error.message;
  }
}

// The study that the address names; the served one where it names none that is there.
function studyOfAddress(studies) {
  const asked = parametersOf().get("name");
  return studies.some(({ name }) => name === asked) ? asked : studies[0].name;
}

function listStudies(studies, chosen) {
  $("study-choice").hidden = studies.length < 2;
  $("study-name").replaceChildren(
    ...studies.map(({ name, title }) => make("option", { value: name, selected: name === chosen }, title)));
  $("study-name").onchange = ({ target }) => { location.hash = hashOf("study", new URLSearchParams({ name: target.value })); };
}

// The report opens in a tab of its own, under its own policy. Where a token is asked for, only a request can bring it, and a
// tab of what a request brought would be under this page's policy, without styles and drawings: it is saved instead.
function reportOf(base) {
  const path = `${base}/report`;
  return make("p", {}, hasToken()
    ? make("button", { type: "button", onclick: () => saved(path, "report.html") }, "Save the report")
    : make("a", { href: path, target: "_blank", rel: "noopener" }, "The whole report, in a new tab"));
}

async function saved(path, name) {
  try {
    const content = await (await request(path)).blob();
    save(name, content.type, content);
    $("study-status").textContent = "";
  } catch (error) {
    $("study-status").textContent = error.message;
  }
}

// Links to the parts; not by the address, whose fragment is the view.
function contents(groups) {
  const go = (part) => () => {
    part.scrollIntoView();
    part.focus({ preventScroll: true });
  };
  return make("nav", { "aria-label": "Tables and figures", class: "contents" },
    ...Object.entries(groups).filter(([, parts]) => parts.length).map(([name, parts]) =>
      make("ul", { "aria-label": name }, make("li", { class: "soft", "aria-hidden": "true" }, name), ...parts.map((part) =>
        make("li", {}, make("button", { type: "button", class: "link", onclick: go(part) }, part.dataset.title))))));
}

// "Table 3" of "Table 3. Rows: …"; what has no number in the paper goes by its name.
const titleOf = ({ name, caption }) => caption?.match(/^(Table|Figure) \d+/)?.[0] ?? inWords(name);

const saving = (path, name) =>
  make("button", { type: "button", class: "link", "aria-label": `Save ${name}`, onclick: () => saved(path, name) }, name);

const NUMBER = /^[-+]?[\d.,]+( ± [\d.,]+)?( \(best\))?$/;
const NOTHING = "–";

function tableOf(base, table) {
  // A column of numbers is set to the right, with the dashes in it.
  const numeric = table.header.map((_, at) => {
    const cells = table.rows.map((row) => row[at]).filter((cell) => cell !== NOTHING);
    return cells.length > 0 && cells.every((cell) => NUMBER.test(cell));
  });
  const cells = (row) =>
    row.map((cell, at) => make(at ? "td" : "th", at ? { class: numeric[at] ? "number" : null } : { scope: "row" }, cell));
  const caption = `caption-${table.name}`;
  return make("div", { class: "study-table", tabindex: -1, "data-title": titleOf(table) },
    make("p", { class: "caption" }, make("span", { id: caption }, table.caption ?? table.name), " ",
      saving(`${base}/tables/${table.name}`, `${table.name}.csv`)),
    make("div", { class: "box", tabindex: 0, role: "region", "aria-labelledby": caption },
    make("table", { "aria-labelledby": caption },
      make("thead", {}, make("tr", {}, ...table.header.map((cell, at) => make("th", { scope: "col", class: at && numeric[at] ? "number" : null }, cell)))),
      make("tbody", {}, ...table.rows.map((row) =>
        make("tr", { class: row[0].endsWith("(chosen)") ? "chosen" : null }, ...cells(row)))))));
}

async function figureOf(base, figure) {
  const { name, caption } = figure;
  const path = `${base}/figures/${name}`;
  const drawing = await (await request(path)).blob();
  return make("figure", { tabindex: -1, "data-title": titleOf(figure) },
    make("img", { src: URL.createObjectURL(drawing), alt: caption ?? name, onload: (event) => URL.revokeObjectURL(event.target.src) }),
    make("figcaption", {}, caption ?? name, " ", saving(path, `${name}.svg`)));
}
