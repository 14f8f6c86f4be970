// Why a text is not judged, by the code of its language.

const NAMES = new Intl.DisplayNames(["en"], { type: "language" });

export function notJudged(language) {
  const name = NAMES.of(language);
  return `Not English${name === language ? "" : ` (${name})`}: not judged`;
}
