// Tweets in which the names of people and streets are covered, as the page and its exports show them on request.

const COVER = "•";
const copies = new WeakMap(); // of tweets

function cover(text, stretches) {
  const points = Array.from(text);
  for (const [start, end] of stretches) points.fill(COVER, start, end);
  return points.join("");
}

function copyOf(tweet) {
  const text = cover(tweet.text, tweet.hidden);
  const points = Array.from(text);
  return {
    ...tweet,
    id: /[@＠﹫]/.test(tweet.id ?? "") ? null : tweet.id,
    author: tweet.author && COVER.repeat(3),
    text,
    masked: cover(tweet.masked, tweet.hidden),
    entities: tweet.entities.map((entity) =>
      entity.private ? { ...entity, text: points.slice(entity.start, entity.end).join(""), place: null } : entity),
  };
}

export function coveredOf(tweet) {
  if (!copies.has(tweet)) copies.set(tweet, copyOf(tweet));
  return copies.get(tweet);
}
