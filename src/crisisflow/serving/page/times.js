// Times of tweets, in UTC: a tweet's own where it is known, otherwise that of its arrival.

export const timeOf = (tweet) => Date.parse(tweet.created_at ?? tweet.at);

const iso = (time) => new Date(time).toISOString();
export const minuteOf = (time) => iso(time).slice(0, 16).replace("T", " ");

// With the day where it is not today.
export function shownTime(time) {
  const own = iso(time);
  return own.slice(0, 10) === iso(Date.now()).slice(0, 10) ? own.slice(11, 19) : own.slice(0, 19).replace("T", " ");
}
