// Tables as text: cells between delimiters, in quotes or not, in lines with any line end.

export const DELIMITERS = ["\t", ",", ";", "|"];
export const NONE = "\0"; // of a table with one column: it stands in no text

// The rows of cells of a text; `first`: only the first row. A cell is in quotes where it begins and ends with
// one: a text that only begins with a quotation is itself. Rows without any text are passed over.
function rowsOf(text, delimiter, { quotes = true, first = false } = {}) {
  const rows = [];
  let row = [];
  let line = 1;
  let begun = 1; // line at which the row begins
  let at = 0;
  const closes = (index) => index >= text.length || text[index] === delimiter || text[index] === "\n" || text[index] === "\r";
  while (at <= text.length) {
    let cell = null;
    let open = at;
    while (text[open] === " ") open += 1;
    if (quotes && text[open] === '"') {
      let end = text.indexOf('"', open + 1);
      while (end >= 0 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
      if (end >= 0 && closes(end + 1)) {
        cell = text.slice(open + 1, end).replaceAll('""', '"');
        line += cell.split(/\r\n|\r|\n/).length - 1;
        at = end + 1;
      }
    }
    if (cell === null) {
      let end = at;
      while (!closes(end)) end += 1;
      cell = text.slice(at, end);
      at = end;
    }
    row.push(cell);
    if (text[at] === delimiter) {
      at += 1;
      continue;
    }
    if (row.some((own) => own.trim())) rows.push({ cells: row, line: begun });
    if (first && rows.length) return rows;
    if (at >= text.length) break;
    at += text[at] === "\r" && text[at + 1] === "\n" ? 2 : 1;
    line += 1;
    begun = line;
    row = [];
  }
  return rows;
}

const filled = (cells) => cells.findLastIndex((own) => own.trim()) + 1;

export const headOf = (text, delimiter) => rowsOf(text, delimiter, { first: true })[0]?.cells ?? [];

// { rows, wrong }: the rows behind the heading that have as many cells as it, and the lines of those that have not.
function checked(rows) {
  const width = filled(rows[0].cells);
  const fits = ({ cells }) => cells.length >= width && filled(cells) <= width;
  const below = rows.slice(1);
  return {
    rows: below.filter(fits).map(({ cells }) => cells),
    wrong: below.filter((row) => !fits(row)).map(({ line }) => line),
  };
}

// The rows behind the heading. Some programs write quotes as they are: where that reading fits better, it is the one.
export function tableOf(text, delimiter) {
  const quoted = checked(rowsOf(text, delimiter));
  if (!text.includes('"')) return quoted;
  const plain = checked(rowsOf(text, delimiter, { quotes: false }));
  // A quote that opens by chance swallows lines up to another. Tabs hardly stand in a text, as commas do.
  const swallowed = delimiter === "\t" && !/^\s*"/.test(text) && !plain.wrong.length && plain.rows.length > quoted.rows.length;
  return swallowed || plain.wrong.length < quoted.wrong.length ? plain : quoted;
}
