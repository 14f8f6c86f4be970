// The live view's counters: tweets in all, in each minute, and of each kind.

import { $, bar, drawn, fill, inWords, put } from "./dom.js";

const MINUTES = 60;
const TOLD = 5; // of them in words

function perMinute(tweets, now) {
  const counts = new Array(MINUTES).fill(0);
  for (const tweet of tweets) {
    const minutes = Math.floor((now - Date.parse(tweet.at)) / 60_000);
    if (minutes < MINUTES) counts[MINUTES - 1 - Math.max(0, minutes)] += 1;
  }
  return counts;
}

export function drawNumbers({ tweets, dropped, at }, shown) {
  const counts = perMinute(tweets, at);
  const most = Math.max(1, ...counts);
  put($("count-all"), (dropped + tweets.length).toLocaleString("en"));
  put($("count-minute"), counts.at(-1).toLocaleString("en"));
  put($("count-shown"), shown.toLocaleString("en"));
  const spark = $("spark");
  if (!spark.childElementCount) spark.append(...counts.map((_, minute) => drawn("rect", { x: minute, width: 0.8 })));
  counts.forEach((count, minute) => {
    spark.children[minute].setAttribute("y", 20 - (20 * count) / most);
    spark.children[minute].setAttribute("height", (20 * count) / most);
  });
  const told = counts.slice(-TOLD).reverse().join(", ");
  const sum = counts.reduce((one, other) => one + other);
  spark.setAttribute("aria-label",
    `Tweets a minute, the latest minute first: ${told}; in the last hour ${sum}, at most ${Math.max(...counts)} a minute`);
}

// `counts` are [kind, number]; `press` takes the kind whose line is pressed.
export function drawKinds(counts, chosen, press) {
  const list = $("classes");
  if (!list.childElementCount) {
    list.append(...counts.map(([name]) => bar(inWords(name), 0, "", { press: () => press(name) })));
  }
  const most = Math.max(1, ...counts.map(([, count]) => count));
  counts.forEach(([name, count], at) => {
    fill(list.children[at], count / most, String(count));
    list.children[at].querySelector("button").setAttribute("aria-pressed", String(chosen === name));
  });
}
