// Tweets in which the names of people and streets are covered, as the page and its exports show them on request.

const COVER = "•";
const copies = new WeakMap(); // of tweets

function cover(text, entities) {
  const points = Array.from(text);
  for (const { start, end } of entities) points.fill(COVER, start, end);
  return points.join("");
}

function copyOf(tweet) {
  const hidden = tweet.entities.filter((entity) => entity.private);
  return {
    ...tweet,
    id: /[@＠﹫]/.test(tweet.id ?? "") ? null : tweet.id,
    author: tweet.author && COVER.repeat(3),
    text: cover(tweet.text, hidden),
    masked: cover(tweet.masked, hidden),
    entities: tweet.entities.map((entity) =>
      entity.private ? { ...entity, text: COVER.repeat(entity.end - entity.start), place: null } : entity),
  };
}

export function coveredOf(tweet) {
  if (!copies.has(tweet)) copies.set(tweet, copyOf(tweet));
  return copies.get(tweet);
}
