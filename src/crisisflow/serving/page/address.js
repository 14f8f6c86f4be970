// The page's address: `#view`, or `#view?name=value&…` with what the view shows, so that it can be kept and sent.

export const viewOf = () => location.hash.slice(1).split("?")[0];

export const parametersOf = () => new URLSearchParams(location.hash.split("?")[1] ?? "");

export function hashOf(view, parameters) {
  const query = parameters.toString();
  return query ? `#${view}?${query}` : `#${view}`;
}
