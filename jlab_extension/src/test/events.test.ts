import assert from 'node:assert/strict';
import test from 'node:test';
import { events } from '../events.js';

/** Give *pieces* as a body that comes in exactly these. */
function body(...pieces: (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  const coder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(typeof piece === 'string' ? coder.encode(piece) : piece);
      controller.close();
    }
  });
}

async function all(stream: ReadableStream<Uint8Array>): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for await (const event of events(stream)) found.push([event.type, event.data]);
  return found;
}

test('events come one after the other, wherever the network has cut them', async () => {
  const pieces = ['event: run', 'ning\nda', 'ta: 1\n', '\nevent: done\ndata: 2\n\n'];
  assert.deepEqual(await all(body(...pieces)), [['running', '1'], ['done', '2']]);
});

test('comments keep a stream alive and are no events, and lines of data belong together', async () => {
  assert.deepEqual(await all(body(': still here\n\n', 'data: a\ndata: b\n\n')), [['message', 'a\nb']]);
});

test('a letter that was cut in two is one letter', async () => {
  const bytes = new TextEncoder().encode('data: é\n\n');
  assert.deepEqual(await all(body(bytes.slice(0, 7), bytes.slice(7))), [['message', 'é']]);
});

test('an event that was never finished is none', async () => {
  assert.deepEqual(await all(body('data: half')), []);
});

test('line ends of other systems are line ends', async () => {
  assert.deepEqual(await all(body('data: a\r\n\r\n')), [['message', 'a']]);
});

test('a carriage return that is cut from its line feed ends one line, not two', async () => {
  assert.deepEqual(await all(body('event: done\r', '\ndata: a\r\n\r\n')), [['done', 'a']]);
});
