/** A caller of MESH for tests: whole requests with tokens, over real sockets. */
import { writeToken } from '../spine/mesh/token.ts';

/** What may be sent. */
export type MeshBody = string | Uint8Array<ArrayBuffer> | ReadableStream;

export interface MeshSent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: MeshBody;
  /** In place of a fresh one; '' sends none. */
  readonly token?: string;
}

export interface MeshAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly text: string;
  /** Parsed; loosely typed, for tests look into it by path. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test names the members it expects
  readonly json: any;
}

export const v2 = { accept: 'application/vnd.mesh.v2+json' };

/** One mailbox's caller, at the address of an environment. */
export function meshCaller(
  url: string,
  mailbox: string,
  { now = () => Date.now(), password = 'password', key = 'TestKey' } = {},
) {
  let count = 0;
  const nonce = crypto.randomUUID();
  const token = () =>
    writeToken({ mailbox, nonce, count: String(count++), now: now() }, password, key);
  const call = async (path: string, sent: MeshSent = {}): Promise<MeshAnswer> => {
    const authorization = sent.token ?? token();
    const answer = await fetch(`${url}/messageexchange${path}`, {
      method: sent.method ?? 'GET',
      headers: { ...(authorization === '' ? {} : { authorization }), ...sent.headers },
      ...(sent.body === undefined ? {} : { body: sent.body, duplex: 'half' }),
    }); // `duplex` is Node's
    const bytes = Buffer.from(await answer.arrayBuffer());
    const text = bytes.toString();
    const isJson = (answer.headers.get('content-type') ?? '').includes('json') && text !== '';
    return {
      ...{ status: answer.status, headers: answer.headers, bytes, text },
      json: isJson ? (JSON.parse(text) as unknown) : undefined,
    };
  };
  return {
    mailbox,
    token,
    call,
    send: (to: string, workflow: string, body: MeshBody, headers = {}) =>
      call(`/${mailbox}/outbox`, {
        method: 'POST',
        headers: { 'mex-to': to, 'mex-workflowid': workflow, ...headers },
        body,
      }),
    inbox: (query = '', headers = {}) => call(`/${mailbox}/inbox${query}`, { headers }),
    fetch: (id: string, headers = {}) => call(`/${mailbox}/inbox/${id}`, { headers }),
    acknowledge: (id: string, headers = {}) =>
      call(`/${mailbox}/inbox/${id}/status/acknowledged`, { method: 'PUT', headers }),
    track: (id: string, headers = {}) =>
      call(`/${mailbox}/outbox/tracking?messageID=${id}`, { headers }),
  };
}

export type MeshCallerOf = ReturnType<typeof meshCaller>;
