// The view of the study: report, tables and figures of the results, read anew whenever it is opened.

import { hasToken, json, request } from "./api.js";
import { $, make } from "./dom.js";
import { save } from "./export.js";

export async function openStudy() {
  try {
    const study = await json("/v1/study");
    const tables = study.tables.map(tableOf);
    const figures = await Promise.all(study.figures.map(figureOf));
    const parts = [...tables, ...figures];
    $("study").replaceChildren(...(study.report ? [reportOf()] : []), ...(parts.length ? [contents(parts)] : []),
      ...tables, make("div", { class: "figures" }, ...figures));
    $("study-status").textContent = parts.length || study.report ? "" : "There are no results yet; run: make reproduce";
  } catch (error) {
    $("study-status").textContent = error.message;
  }
}

// The report opens in a tab of its own, under its own policy. Where a token is asked for, only a request can bring it, and a
// tab of what a request brought would be under this page's policy, without styles and drawings: it is saved instead.
function reportOf() {
  const path = "/v1/study/report";
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
function contents(parts) {
  const go = (part) => () => {
    part.scrollIntoView();
    part.focus({ preventScroll: true });
  };
  return make("nav", { "aria-label": "Tables and figures", class: "contents" },
    make("ul", {}, ...parts.map((part) =>
      make("li", {}, make("button", { type: "button", class: "link", onclick: go(part) }, part.dataset.title)))));
}

// "Table 3" of "Table 3. Rows: …", for lists.
const titleOf = ({ name, caption }) => (caption ?? name).split(/[.:;(]/)[0].trim();

const saving = (path, name) =>
  make("button", { type: "button", class: "link", "aria-label": `Save ${name}`, onclick: () => saved(path, name) }, name);

function tableOf(table) {
  const cells = (row) =>
    row.map((cell, at) => make(at ? "td" : "th", at ? { class: /^[-+]?[\d.,]+( ± [\d.,]+)?$/.test(cell) ? "number" : null } : { scope: "row" }, cell));
  const caption = `caption-${table.name}`;
  return make("div", { class: "study-table", tabindex: -1, "data-title": titleOf(table) },
    make("p", { class: "caption" }, make("span", { id: caption }, table.caption ?? table.name), " ",
      saving(`/v1/study/tables/${table.name}`, `${table.name}.csv`)),
    make("div", { class: "box", tabindex: 0, role: "region", "aria-labelledby": caption },
    make("table", { "aria-labelledby": caption },
      make("thead", {}, make("tr", {}, ...table.header.map((cell) => make("th", { scope: "col" }, cell)))),
      make("tbody", {}, ...table.rows.map((row) =>
        make("tr", { class: row[0].endsWith("(chosen)") ? "chosen" : null }, ...cells(row)))))));
}

async function figureOf(figure) {
  const { name, caption } = figure;
  const path = `/v1/study/figures/${name}`;
  const drawing = await (await request(path)).blob();
  return make("figure", { tabindex: -1, "data-title": titleOf(figure) },
    make("img", { src: URL.createObjectURL(drawing), alt: caption ?? name, onload: (event) => URL.revokeObjectURL(event.target.src) }),
    make("figcaption", {}, caption ?? name, " ", saving(path, `${name}.svg`)));
}
