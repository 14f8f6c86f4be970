// The tweets of a file or of pasted text, within what the server takes in one request.

import { isBlank } from "./dom.js";
import { read } from "./reading.js";

const TWEETS = 20_000;
const CHARACTERS = 10_000; // of a text
const SHORT = { id: 64, created_at: 64, author: 128 }; // characters
const BYTES = 3_999_000; // of the tweets as JSON; the body has 4 MB, and a little else in it

const characters = (text) => Array.from(text);

// What is too long is not cut: it would be another id.
function short(value, name) {
  const own = value?.toWellFormed().trim();
  return own && characters(own).length <= SHORT[name] ? own : null;
}

// A tweet that the server does not refuse. Half of a surrogate pair, which JSON can name, is no text.
function mended(record) {
  const whole = (record.text ?? "").toWellFormed();
  const text = whole.length <= CHARACTERS ? whole : characters(whole).slice(0, CHARACTERS).join("");
  const tweet = { text };
  for (const name of Object.keys(SHORT)) {
    const own = short(record[name], name);
    if (own !== null) tweet[name] = own;
  }
  return { tweet, cut: text.length < whole.length, timed: Boolean(record.created_at?.trim()) };
}

// { tweets, empty, left, cut, timed, wrong, broken }: how many records had no text, how many tweets did not fit, how many
// texts were cut, how many tweets say a time, and what `read` tells. Throws Unreadable.
export async function tweetsOf(content, name) {
  const { records, wrong = [], broken = 0 } = await read(content, name);
  const found = { tweets: [], empty: 0, left: 0, cut: 0, timed: 0, wrong, broken };
  const encoder = new TextEncoder();
  let bytes = 0;
  for (const record of records) {
    const { tweet, cut, timed } = mended(record);
    if (isBlank(tweet.text)) {
      found.empty += 1;
      continue;
    }
    // Nothing behind the first that does not fit is taken: a replay has no holes.
    if (!found.left) bytes += encoder.encode(JSON.stringify(tweet)).length + 1;
    if (found.left || bytes > BYTES || found.tweets.length >= TWEETS) {
      found.left += 1;
      continue;
    }
    found.cut += Number(cut);
    found.timed += Number(timed);
    found.tweets.push(tweet);
  }
  return found;
}

const number = (count) => count.toLocaleString("en");

// What of it the replay does not have, in words.
export function leftOut({ tweets, empty, left, cut, wrong, broken }) {
  return [
    left && `The last ${number(left)} of ${number(tweets.length + left)} tweets ${left === 1 ? "is" : "are"} left out: a replay has at most ${number(TWEETS)}, and 4 MB.`,
    empty && `Lines without a text, which are left out: ${number(empty)}.`,
    wrong.length && `Rows that have not as many cells as the heading, which are left out: ${number(wrong.length)} (the first in line ${number(wrong[0])}).`,
    broken && `Lines that begin like JSON but are none, which are left out: ${number(broken)}.`,
    cut && `Texts that are cut to ${number(CHARACTERS)} characters: ${number(cut)}.`,
  ].filter(Boolean).join(" ");
}
