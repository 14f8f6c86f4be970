// The view of the study: tables and figures of the results, read anew whenever it is opened.

import { json, request } from "./api.js";
import { $, make } from "./dom.js";

export async function openStudy() {
  try {
    const study = await json("/v1/study");
    const tables = study.tables.map(tableOf);
    const figures = await Promise.all(study.figures.map(figureOf));
    $("study").replaceChildren(...tables, make("div", { class: "figures" }, ...figures));
    $("study-status").textContent = tables.length || figures.length ? "" : "There are no results yet; run: make reproduce";
  } catch (error) {
    $("study-status").textContent = error.message;
  }
}

function tableOf(table) {
  const cells = (row) =>
    row.map((cell, at) => make(at ? "td" : "th", at ? { class: /^[-+]?[\d.,]+( ± [\d.,]+)?$/.test(cell) ? "number" : null } : { scope: "row" }, cell));
  const caption = `caption-${table.name}`;
  return make("div", { class: "study-table" },
    make("p", { id: caption, class: "caption" }, table.caption ?? table.name),
    make("div", { class: "box", tabindex: 0, role: "region", "aria-labelledby": caption },
    make("table", { "aria-labelledby": caption },
      make("thead", {}, make("tr", {}, ...table.header.map((cell) => make("th", { scope: "col" }, cell)))),
      make("tbody", {}, ...table.rows.map((row) =>
        make("tr", { class: row[0].endsWith("(chosen)") ? "chosen" : null }, ...cells(row)))))));
}

async function figureOf({ name, caption }) {
  const drawing = await (await request(`/v1/study/figures/${name}`)).blob();
  return make("figure", {},
    make("img", { src: URL.createObjectURL(drawing), alt: caption ?? name, onload: (event) => URL.revokeObjectURL(event.target.src) }),
    make("figcaption", {}, caption ?? name));
}
