// The tweets of a file or of pasted lines, within what the server takes in one request.

import { isBlank } from "./dom.js";

const TWEETS = 20_000;
const CHARACTERS = 10_000; // of a text
const ID = 64; // characters of an id
const BYTES = 3_999_000; // of the tweets as JSON; the body has 4 MB, and a little else in it

const characters = (text) => Array.from(text);

// A number that JavaScript cannot hold would be another tweet's id.
const idOf = (id) => (typeof id === "string" || Number.isSafeInteger(id) ? String(id) : null);

// The text and id of a line; no text where it is a record without one.
function bare(line) {
  if (!line.trimStart().startsWith("{")) return { text: line };
  try {
    const record = JSON.parse(line);
    return { text: typeof record.text === "string" ? record.text : "", id: idOf(record.id ?? record.tweet_id) };
  } catch {
    return { text: line };
  }
}

// A function that reads the lines of a table, if its first line is a heading with a column of texts.
function tableOf(first) {
  const head = first.split("\t").map((name) => name.trim());
  const text = head.findIndex((name) => ["text", "tweet_text"].includes(name));
  const id = head.findIndex((name) => ["id", "tweet_id"].includes(name));
  if (head.length < 2 || text < 0) return null;
  return (line) => {
    const cells = line.split("\t");
    return { text: cells[text] ?? "", id: cells[id] };
  };
}

// A tweet that the server does not refuse. Half of a surrogate pair, which JSON can name, is no text.
function mended({ text, id }) {
  const whole = text.toWellFormed();
  const short = whole.length <= CHARACTERS ? whole : characters(whole).slice(0, CHARACTERS).join("");
  const own = id?.toWellFormed() ?? null;
  return { tweet: { text: short, id: own && characters(own).length <= ID ? own : null }, cut: short.length < whole.length };
}

// { tweets, empty, left, cut }: how many lines had no text, how many tweets did not fit, how many texts were cut.
export function tweetsOf(content) {
  const lines = content.split(/\r?\n/).filter((line) => line.trim());
  const table = tableOf(lines[0] ?? "");
  const read = { tweets: [], empty: 0, left: 0, cut: 0 };
  const encoder = new TextEncoder();
  let bytes = 0;
  for (const line of table ? lines.slice(1) : lines) {
    const { tweet, cut } = mended((table ?? bare)(line));
    if (isBlank(tweet.text)) {
      read.empty += 1;
      continue;
    }
    // Nothing behind the first that does not fit is taken: a replay has no holes.
    if (!read.left) bytes += encoder.encode(JSON.stringify(tweet)).length + 1;
    if (read.left || bytes > BYTES || read.tweets.length >= TWEETS) {
      read.left += 1;
      continue;
    }
    read.cut += Number(cut);
    read.tweets.push(tweet);
  }
  return read;
}

// What of it the replay does not have, in words.
export function leftOut({ tweets, empty, left, cut }) {
  const all = (tweets.length + left).toLocaleString("en");
  return [
    left && `The last ${left.toLocaleString("en")} of ${all} tweets are left out: a replay has at most ${TWEETS.toLocaleString("en")}, and 4 MB.`,
    empty && `Lines without a text, which are left out: ${empty.toLocaleString("en")}.`,
    cut && `Texts that are cut to ${CHARACTERS.toLocaleString("en")} characters: ${cut.toLocaleString("en")}.`,
  ].filter(Boolean).join(" ");
}
