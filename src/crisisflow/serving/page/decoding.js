// The text of a file. What cannot be read is refused in words: a wrong guess would change tweets without a sign.

export class Unreadable extends Error {}

const begins = (bytes, ...own) => own.every((byte, at) => bytes[at] === byte);

async function unpacked(bytes) {
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new Unreadable("It begins like a gzip file, but cannot be unpacked.");
  }
}

// The number of the first line that is not UTF-8. No byte of a longer character is that of a line's end.
function wrongLine(bytes) {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let from = 0;
  for (let number = 1; ; number += 1) {
    const end = bytes.indexOf(10, from);
    try {
      decoder.decode(bytes.subarray(from, end < 0 ? bytes.length : end));
    } catch {
      return number;
    }
    if (end < 0) return number;
    from = end + 1;
  }
}

export async function decoded(content) {
  let bytes = new Uint8Array(content);
  if (begins(bytes, 0x1f, 0x8b)) bytes = await unpacked(bytes);
  if (begins(bytes, 0x50, 0x4b, 3, 4)) {
    throw new Unreadable("It is a ZIP archive or an Excel workbook: unpack it, or save it as CSV (UTF-8).");
  }
  const utf16 = begins(bytes, 0xff, 0xfe) ? "utf-16le" : begins(bytes, 0xfe, 0xff) ? "utf-16be" : null;
  let text;
  try {
    text = new TextDecoder(utf16 ?? "utf-8", { fatal: true }).decode(bytes); // without its byte order mark
  } catch {
    throw new Unreadable(utf16
      ? "It begins like UTF-16, but is not: save it as UTF-8."
      : `Line ${wrongLine(bytes)} is not UTF-8: save the file as UTF-8 and choose it again.`);
  }
  if (text.includes("\0")) throw new Unreadable("It is no text, or text in an encoding that is not UTF-8: save it as UTF-8.");
  return text;
}
