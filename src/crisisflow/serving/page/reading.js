// The tweets of a file or of pasted text, whose form is recognised by its content: a table (CSV, TSV), a JSON list, JSON
// Lines, or bare lines.

import { Unreadable } from "./decoding.js";
import { DELIMITERS, headOf, NONE, tableOf } from "./table.js";

let columns = null; // names for what is read, the surest first; shared with `crisisflow serve --stdin`

async function load() {
  columns ??= await (await fetch("/page/columns.json")).json();
}

const key = (name) => name.replace(/[^\p{L}\p{N}]/gu, "").toLowerCase();
const listed = (names) => names.slice(0, 20).map((name) => `“${name.trim().slice(0, 40)}”`).join(", ") + (names.length > 20 ? ", …" : "");
const SURE = ["text", "tweettext", "fulltext"]; // a line that says no more is a heading
const NAME = /^[\p{L}_][\p{L}\p{N}_ .-]{0,39}$/u;

// Which of these columns holds what; null where none holds the text.
function roles(names) {
  const keys = names.map(key);
  const at = (role) => columns[role].map((name) => keys.indexOf(name)).filter((index) => index >= 0);
  let texts = at("text");
  // Twitter's `full_text` is the whole of what `text` holds.
  if (keys.includes("fulltext")) texts = texts.filter((index) => keys[index] !== "text");
  if (!texts.length) return null;
  if (texts.length > 1) {
    throw new Unreadable(`It is not clear which column is the text: ${listed(texts.map((index) => names[index]))}. Rename the others.`);
  }
  const times = at("created_at");
  // A date and a time of day beside each other are one time.
  const split = times.length && ["date", "time"].every((name) => keys.includes(name)) && ["date", "time"].includes(keys[times[0]]);
  return {
    text: texts[0],
    id: at("id")[0],
    created_at: split ? [keys.indexOf("date"), keys.indexOf("time")] : times.slice(0, 1),
    author: at("author")[0],
  };
}

const noText = (names) =>
  new Unreadable(`There is no column of texts among ${listed(names)}: call it “text”.`);

function fromTable(text, delimiter) {
  const head = headOf(text, delimiter);
  const own = roles(head);
  if (!own) throw noText(head);
  const { rows, wrong } = tableOf(text, delimiter);
  if (wrong.length && !rows.length) {
    throw new Unreadable(`No row has as many cells as the heading (${head.length}): a text with a delimiter in it must stand in quotes.`);
  }
  return {
    records: rows.map((cells) => ({
      text: cells[own.text],
      id: cells[own.id],
      created_at: own.created_at.map((at) => cells[at].trim()).join(" "),
      author: cells[own.author],
    })),
    wrong,
  };
}

// Numbers that JavaScript cannot hold stay as they were written: a tweet's id often is one.
const parse = (text) =>
  JSON.parse(text, (_, value, context) =>
    typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value) ? (context?.source ?? null) : value);

const isRecord = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const plain = (value) => (["string", "number"].includes(typeof value) ? String(value) : undefined);

// `text` is "" where a record has none. A column of texts that holds something else, as Twitter's own `tweet`, is none.
function fromRecord(record) {
  const isText = (name) => !columns.text.includes(key(name)) || typeof record[name] === "string";
  const names = Object.keys(record).filter((name) => ![null, ""].includes(record[name]) && isText(name));
  const own = roles(names);
  if (!own) return { text: "" };
  const value = (at) => record[names[at]];
  let author = value(own.author);
  if (isRecord(author)) {
    const account = author;
    author = columns.author.map((role) => account[Object.keys(account).find((name) => key(name) === role)]).find(plain);
  }
  return {
    text: value(own.text),
    id: plain(value(own.id)),
    created_at: own.created_at.map((at) => plain(value(at)) ?? "").join(" "),
    author: plain(author),
  };
}

function fromList(list) {
  if (list.every((own) => typeof own === "string")) return { records: list.map((text) => ({ text })) };
  if (!list.every(isRecord)) throw new Unreadable("It is a JSON list, but not one of objects or of texts.");
  const records = list.map(fromRecord);
  if (!records.some(({ text }) => text)) throw noText([...new Set(list.slice(0, 100).flatMap(Object.keys))]);
  return { records };
}

// An object around a list, such as {"data": […]}; or one that is a tweet itself.
function fromObject(object) {
  const own = fromRecord(object);
  if (own.text) return { records: [own] };
  const lists = Object.entries(object).filter(([, value]) => Array.isArray(value) && value.length && value.every(isRecord));
  const read = lists.filter(([, list]) => list.some((record) => fromRecord(record).text));
  if (read.length > 1) throw new Unreadable(`It holds several lists with texts: ${listed(read.map(([name]) => name))}. Save one of them alone.`);
  if (!read.length) throw noText(lists.length === 1 ? Object.keys(lists[0][1][0]) : Object.keys(object));
  return fromList(read[0][1]);
}

function attempt(text) {
  try {
    return { value: parse(text) };
  } catch (error) {
    return { error };
  }
}

function fromJson(text) {
  const { value, error } = attempt(text);
  if (!error) return Array.isArray(value) ? fromList(value) : fromObject(value);
  const [first] = text.trimStart().split(/\r\n|\r|\n/, 1);
  // Half a list, or an object over several lines, would otherwise be shown line by line.
  if (/^\[\s*(["{[]|$)/.test(first) || (/^\{\s*("|$)/.test(first) && attempt(first).error)) {
    throw new Unreadable(`It begins like JSON, but is none: ${error.message}.`);
  }
  return null;
}

function fromLines(text) {
  const records = [];
  const names = new Set(); // of records without a text
  let broken = 0;
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (!line.trim()) continue;
    const { value } = line.trimStart().startsWith("{") ? attempt(line) : {};
    if (isRecord(value)) {
      const record = fromRecord(value);
      records.push(record);
      if (!record.text) Object.keys(value).forEach((name) => names.add(name));
    } else if (/^\s*\{\s*"/.test(line)) {
      broken += 1;
    } else {
      records.push({ text: line });
    }
  }
  if (names.size && !records.some(({ text: own }) => own)) throw noText([...names]);
  return { records, broken };
}

// The delimiter of a table, or "" where it has one column; null where the text is no table.
function delimiterOf(text, named) {
  const heads = DELIMITERS.map((delimiter) => ({ delimiter, head: headOf(text, delimiter) }));
  const wide = heads.filter(({ head }) => head.length > 1).sort((one, other) => other.head.length - one.head.length);
  const known = Object.values(columns).flat();
  // Of two cells a sentence may have as many in each line: there, a name of a column is one word, or known.
  const isName = (name, head) => !name.trim()
    || (NAME.test(name.trim()) && (named || head.length > 2 || known.includes(key(name)) || !name.trim().includes(" ")));
  const read = wide.find(({ delimiter, head }) => head.every((name) => isName(name, head))
    && roles(head) && (named || fits(text, delimiter)));
  if (read) return read.delimiter;
  if (SURE.includes(key(headOf(text, NONE)[0]))) return NONE;
  if (named) return wide[0]?.delimiter ?? NONE;
  // A heading of names that tables of tweets have, but none of a text.
  const other = wide.find(({ delimiter, head }) => head.every((name) => isName(name, head))
    && head.some((name) => known.includes(key(name))) && fits(text, delimiter));
  return other?.delimiter ?? null;
}

// Whether the rows are as the heading says: a sentence with a comma is no heading.
function fits(text, delimiter) {
  const { rows, wrong } = tableOf(text.slice(0, 200_000), delimiter);
  return rows.length > 0 && rows.length >= wrong.length;
}

function refuseOther(text) {
  if (/^\s*<(\?xml|!doctype|html)/i.test(text)) throw new Unreadable("It is XML or HTML: save it as CSV or JSON Lines.");
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line.trim());
  const widths = new Set(lines.slice(0, 50).map((line) => line.split("\t").length));
  if (lines.length > 1 && widths.size === 1 && !widths.has(1)) {
    throw new Unreadable("It is a table without a heading that names its columns: write one above it, with “text” in it.");
  }
}

// { records, wrong, broken }: the tweets as they stand there, the lines of rows with other cells than the heading, and how
// many lines begin like JSON and are none. Throws Unreadable.
export async function read(content, name = "") {
  await load();
  let text = content.replace(/^\ufeff/, "");
  if (!text.trim()) return { records: [] };
  const json = /^\s*[[{]/.test(text) ? fromJson(text) : null;
  if (json) return json;
  const excel = /^sep=(.)(\r\n|\r|\n)/i.exec(text); // how Excel names its delimiter
  if (excel) text = text.slice(excel[0].length);
  const named = excel || /\.(csv|tsv|tab)(\.gz)?$/i.test(name);
  const delimiter = excel?.[1] ?? (/^\s*\{/.test(text) ? null : delimiterOf(text, named));
  if (delimiter !== null) return fromTable(text, delimiter);
  refuseOther(text);
  return fromLines(text);
}
