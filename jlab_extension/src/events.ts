/** One event of a stream, by the WHATWG's "Server-sent events". */
export interface StreamEvent {
  type: string;
  data: string;
}

/** Yield the events of *body* as they come. */
export async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      // A carriage return at the end may be the first half of a line's end.
      const whole = text.endsWith('\r') ? text.length - 1 : text.length;
      text = text.slice(0, whole).replace(/\r\n?/g, '\n') + text.slice(whole);
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const event = parse(text.slice(0, end));
        text = text.slice(end + 2);
        if (event !== null) yield event;
      }
    }
  } finally {
    // Whoever stops listening closes the connection.
    await reader.cancel().catch(() => undefined);
  }
}

function parse(block: string): StreamEvent | null {
  let type = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (name === 'event') type = value ?? '';
    if (name === 'data') data.push(value ?? '');
  }
  return data.length > 0 ? { type, data: data.join('\n') } : null;
}
