// A feed of the server, watched through lost connections and restarts. It is the server's: to stop watching ends nothing.

import { events, json, Refused, request } from "./api.js";

const wait = (seconds, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });

const keyOf = ({ text, id }) => `${id ?? ""}|${text}`;

export class Watched {
  // `tell` takes { opened }, { tweet }, { gap }, { lost }, { back }, { reset } and { ended }. Without an `id`, a feed is
  // opened: a replay of the tweets, or, without any, a stream. Who opened a replay knows its tweets, and it so outlives
  // the server: what had not come is sent again.
  constructor(tell, { id = null, tweets = [], pace = {} }) {
    Object.assign(this, { tell, id, tweets, pace, state: null, stopping: new AbortController() });
    this.seen = 0; // number of the latest tweet of this feed,
    this.last = null; // the id of its event, which only the server reads,
    this.before = 0; // the tweets of earlier feeds of the same replay,
    this.done = []; // those of its tweets that have come,
    this.opened = false; // and whether it is opened again
  }

  async run() {
    const { signal } = this.stopping;
    for (let tries = 0; !signal.aborted; ) {
      try {
        if (!this.state) await this.open();
        if (signal.aborted) return;
        if (tries) this.tell({ back: true });
        for await (const { id, event, data } of events(`/v1/live/${this.id}/events`, this.last, signal)) {
          tries = 0;
          this.last = id ?? this.last;
          if (event === "end") return this.tell({ ended: true });
          if (event === "reset") {
            this.seen = 0; // the feed is another than the one that was seen: it comes from its beginning
            this.tell({ reset: this.before });
          }
          if (event === "gap") this.tell({ gap: Number(data) });
          if (event === "tweet") {
            const tweet = JSON.parse(data);
            this.seen = tweet.number;
            if (this.tweets.length) this.done.push(keyOf(tweet));
            this.tell({ tweet: { ...tweet, number: tweet.number + this.before, source: { feed: this.id, number: tweet.number } } });
          }
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Refused && error.status === 404) {
          if (!this.tweets.length) return this.tell({ ended: true, gone: true });
          this.id = this.state = null; // the server was started anew
        } else if (error instanceof Refused && ![429, 503].includes(error.status)) {
          return this.tell({ failed: error.message });
        }
        this.tell({ lost: error instanceof Refused && error.status !== 404 ? error.message : "The connection is lost" });
        await wait(error.seconds ?? Math.min(10, 0.5 * 2 ** tries), signal);
        tries += 1;
        continue;
      }
      if (signal.aborted) return;
      this.tell({ lost: "The connection is lost" }); // it ended without a word
      await wait(Math.min(10, 0.5 * 2 ** tries), signal);
      tries += 1;
    }
  }

  async open() {
    if (this.id) {
      this.state = await json(`/v1/live/${this.id}`);
    } else {
      const rest = this.rest();
      if (this.tweets.length && !rest.length) {
        this.stopping.abort();
        return this.tell({ ended: true });
      }
      this.before += this.seen;
      this.seen = 0;
      this.last = null;
      this.state = await json("/v1/live", { method: "POST", body: { tweets: rest, ...this.pace } });
      this.id = this.state.id;
    }
    if (this.stopping.signal.aborted) return;
    this.tell({ opened: this.state, total: this.state.total && this.before + this.state.total, again: this.opened });
    this.opened = true;
  }

  // The tweets that have not come; at the recorded pace they come in another order.
  rest() {
    const counts = new Map();
    for (const key of this.done) counts.set(key, (counts.get(key) ?? 0) + 1);
    return this.tweets.filter((tweet) => {
      const count = counts.get(keyOf(tweet)) ?? 0;
      if (count) counts.set(keyOf(tweet), count - 1);
      return !count;
    });
  }

  // Watch no more; the feed goes on.
  leave() {
    this.stopping.abort();
  }

  // End the feed, for everybody.
  async end() {
    this.leave();
    if (this.id) await request(`/v1/live/${this.id}`, { method: "DELETE" });
  }
}
