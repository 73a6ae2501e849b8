/** Longer ones are not lines of the formats read here, and would have to be held whole. */
export const MAX_LINE_BYTES = 1 << 20;

export interface Line {
  number: number;
  /** undefined where the line is longer than `MAX_LINE_BYTES`. */
  text: string | undefined;
}

/** The lines of a stream of bytes, without their ends, holding no more than one line and one chunk. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line[]> {
  const decoder = new TextDecoder();
  let rest = '';
  let overlong = false;
  let number = 0;
  const line = (text: string): Line => {
    const tooLong = overlong || text.length > MAX_LINE_BYTES;
    overlong = false;
    return { number: ++number, text: tooLong ? undefined : text.endsWith('\r') ? text.slice(0, -1) : text };
  };
  for await (const chunk of chunks) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop()!;
    const lines = parts.map(line);
    if (rest.length > MAX_LINE_BYTES) {
      overlong = true;
      rest = '';
    }
    if (lines.length > 0) yield lines;
  }
  rest += decoder.decode();
  if (rest !== '' || overlong) yield [line(rest)];
}
