// The live view's counters: tweets in all, over time, and of each class and topic.

import { $, bar, drawn, fill, put } from "./dom.js";
import { minuteOf } from "./times.js";

const BARS = 60;
const TOLD = 5; // of them in words
const MINUTE = 60_000;
const STEPS = [1, 2, 3, 5, 10, 15, 20, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080, 43_200, 525_600]; // minutes of a bar
const EARLY = 0.01; // of the tweets may lie before the first bar: one old tweet would make all others one bar

// { counts, step, end, now }: tweets in each bar of `step` minutes up to `end`; `now` where that is the present.
function overTime(tweets, at) {
  const times = Float64Array.from(tweets, ({ time }) => time).sort();
  const latest = times.at(-1) ?? at;
  const now = latest > at - BARS * MINUTE;
  const end = now ? at : latest;
  const range = end - (times[Math.floor(EARLY * times.length)] ?? end);
  const step = STEPS.find((minutes) => range <= BARS * minutes * MINUTE) ?? Math.ceil(range / (BARS * MINUTE));
  const counts = new Array(BARS).fill(0);
  for (const time of times) {
    const ago = Math.max(0, Math.floor((end - time) / (step * MINUTE)));
    if (ago < BARS) counts[BARS - 1 - ago] += 1;
  }
  return { counts, step, end, now, minute: times.filter((time) => end - time < MINUTE).length };
}

function words(step) {
  for (const [minutes, one, many] of [[1440, "day", "days"], [60, "hour", "hours"], [1, "minute", "minutes"]]) {
    const count = step / minutes;
    if (Number.isInteger(count)) return count === 1 ? one : `${count} ${many}`;
  }
  return `${step} minutes`;
}

export function drawNumbers({ tweets, dropped, at }, shown) {
  const { counts, step, end, now, minute } = overTime(tweets, at);
  const all = dropped + tweets.length;
  put($("count-all"), all.toLocaleString("en"));
  put($("count-all-of"), all === 1 ? "tweet" : "tweets");
  put($("count-minute"), minute.toLocaleString("en"));
  put($("count-minute-of"), now ? "in the last minute" : `in the minute to ${minuteOf(end)} UTC`);
  put($("count-shown"), shown.toLocaleString("en"));
  put($("count-shown-of"), `${shown === 1 ? "matches" : "match"} the filters`);
  $("dropped").hidden = !dropped;
  put($("dropped"), `${dropped.toLocaleString("en")} of ${all.toLocaleString("en")} tweets, the oldest, were dropped: the latest ${tweets.length.toLocaleString("en")} are kept here.`);
  const spark = $("spark");
  if (!spark.childElementCount) spark.append(...counts.map((_, bar) => drawn("rect", { x: bar, width: 0.8 })));
  const most = Math.max(1, ...counts);
  counts.forEach((count, bar) => {
    spark.children[bar].setAttribute("y", 20 - (20 * count) / most);
    spark.children[bar].setAttribute("height", (20 * count) / most);
  });
  const per = `per ${words(step)}`;
  put($("spark-of"), now && step === 1 ? `${per}, last hour` : `${per}, ${minuteOf(end - BARS * step * MINUTE)} to ${now ? "now" : minuteOf(end)} UTC`);
  const sum = counts.reduce((one, other) => one + other);
  spark.setAttribute("aria-label",
    `Tweets ${per}, the latest first: ${counts.slice(-TOLD).reverse().join(", ")}; in ${words(BARS * step)} ${sum}, at most ${Math.max(...counts)} ${per}`);
}

// `counts` are [name, words, number]; `press` takes the name of the line that is pressed.
export function drawCounts(list, counts, chosen, press) {
  if (!list.childElementCount) {
    list.append(...counts.map(([name, words]) => bar(words, 0, "", { press: () => press(name) })));
  }
  const most = Math.max(1, ...counts.map(([, , count]) => count));
  counts.forEach(([name, , count], at) => {
    fill(list.children[at], count / most, String(count));
    list.children[at].querySelector("button").setAttribute("aria-pressed", String(chosen.includes(name)));
  });
}
