// A feed of the server, watched through lost connections and restarts.

import { events, json, Refused, request } from "./api.js";

const wait = (seconds, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });

export class Watched {
  // `tell` takes { opened }, { tweet }, { gap }, { lost }, { back }, { reset } and { ended }. Without a `feed`, one is
  // opened: a replay of the tweets, or, without any, a stream. A replay knows its tweets, and so outlives the server:
  // what had not come is sent again.
  constructor(tell, { feed = null, tweets = [], rate }) {
    Object.assign(this, { tell, feed, tweets, rate, own: !feed, stopping: new AbortController() });
    this.seen = 0; // number of the latest tweet of this feed,
    this.last = null; // the id of its event, which only the server reads,
    this.before = 0; // and the tweets of earlier feeds of the same replay
  }

  async run() {
    const { signal } = this.stopping;
    for (let tries = 0; !signal.aborted; ) {
      try {
        if (!this.feed) await this.open();
        if (tries) this.tell({ back: true });
        for await (const { id, event, data } of events(`/v1/live/${this.feed.id}/events`, this.last, signal)) {
          tries = 0;
          this.last = id ?? this.last;
          if (event === "end") {
            this.close();
            return this.tell({ ended: true });
          }
          if (event === "reset") {
            this.seen = 0; // the feed is another than the one that was seen: it comes from its beginning
            this.tell({ reset: this.before });
          }
          if (event === "gap") this.tell({ gap: Number(data) });
          if (event === "tweet") {
            const tweet = JSON.parse(data);
            this.seen = tweet.number;
            this.tell({ tweet: { ...tweet, number: tweet.number + this.before } });
          }
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Refused && error.status === 404) {
          if (!this.tweets.length) return this.tell({ ended: true, gone: true });
          this.feed = null; // the server was started anew
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
    this.before += this.seen;
    this.seen = 0;
    this.last = null;
    const rest = this.tweets.slice(this.before);
    if (this.tweets.length && !rest.length) {
      this.stopping.abort();
      return this.tell({ ended: true });
    }
    // Not given up by stop(): the server would keep a feed of which nobody knows.
    this.feed = await json("/v1/live", { method: "POST", body: { tweets: rest, rate: this.rate } });
    if (this.stopping.signal.aborted) this.close();
    else this.tell({ opened: this.feed });
  }

  stop() {
    this.stopping.abort();
    this.close();
  }

  // A feed that this page opened is of no use to others; one that it only watches may be.
  close() {
    if (this.own && this.feed) request(`/v1/live/${this.feed.id}`, { method: "DELETE", keepalive: true }).catch(() => {});
  }
}
