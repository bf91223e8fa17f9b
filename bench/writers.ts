/** Writers that update one record each as fast as they are answered, over connections of their own. */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';

export interface Writer {
  readonly url: string;
  readonly path: string;
}

export interface Updated {
  /** Milliseconds of each update. */
  readonly times: number[];
  readonly failed: number;
  readonly seconds: number;
}

/** Runs all writers side by side for so many seconds. node:http and not fetch, whose own cost would be measured. */
export async function updateFor(seconds: number, writers: readonly Writer[]): Promise<Updated> {
  const agent = new Agent({ keepAlive: true, maxSockets: writers.length });
  const times: number[] = [];
  let failed = 0;
  const began = performance.now();
  const end = began + seconds * 1000;
  await Promise.all(
    writers.map(async (writer) => {
      let version = (await send(agent, writer, 'GET')).etag;
      let step = 0;
      while (performance.now() < end) {
        const sent = performance.now();
        const { status, etag } = await send(agent, writer, 'PATCH', version, step);
        times.push(performance.now() - sent);
        if (status === 200) version = etag;
        else {
          failed++;
          step++; // the value was there already: a first update in seven finds it so
          version = (await send(agent, writer, 'GET')).etag;
        }
      }
    }),
  );
  agent.destroy();
  return { times, failed, seconds: (performance.now() - began) / 1000 };
}

/** Sets the place in a multiple birth to one that follows from the version, so that each update changes something. */
export function updateBody(version: string, step = 0): string {
  const value = ((Number(/\d+/.exec(version)?.[0] ?? 0) + step) % 7) + 1;
  return JSON.stringify({ patches: [{ op: 'add', path: '/multipleBirthInteger', value }] });
}

function send(
  agent: Agent,
  { url, path }: Writer,
  method: 'GET' | 'PATCH',
  version = '',
  step = 0,
): Promise<{ status: number; etag: string }> {
  return new Promise((resolve, reject) => {
    const body = method === 'PATCH' ? updateBody(version, step) : '';
    const sending = request(
      url + path,
      {
        agent,
        method,
        headers: {
          'x-request-id': randomUUID(),
          ...(method === 'PATCH'
            ? {
                'if-match': version,
                'content-type': 'application/json-patch+json',
                'content-length': Buffer.byteLength(body),
              }
            : {}),
        },
      },
      (response) => {
        response.resume();
        response.once('end', () => {
          resolve({ status: response.statusCode ?? 0, etag: response.headers.etag ?? '' });
        });
      },
    );
    sending.once('error', reject);
    sending.end(body);
  });
}
