/**
 * A client of any MESH server: tokens, client certificates, bodies as streams both ways, and what to do next when the server
 * refuses. Owns the calls; files and what is printed are the commands'.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as overHttp, type IncomingMessage } from 'node:http';
import { request as overHttps } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Problem } from '../../core/problem.ts';
import { readSecretFile } from '../../server/key-files.ts';
import { writeToken } from '../../spine/mesh/token.ts';

export interface MeshClientOptions {
  /** What stands in front of `/messageexchange`. */
  readonly url: string;
  readonly mailbox: string;
  readonly password: string;
  readonly sharedKey: string;
  /** PEM files for mutual TLS. */
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly now?: () => number;
}

export interface MeshCall {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Readable;
}

export interface MeshAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** To be read, or destroyed. */
  readonly body: IncomingMessage;
}

export interface MeshClient {
  readonly mailbox: string;
  /** @param path below the mailbox: `/inbox`. @throws Problem with the next step for a refusal, or when nobody answers */
  call(path: string, call?: MeshCall): Promise<MeshAnswer>;
  /** The same for a JSON answer. */
  json(path: string, call?: MeshCall): Promise<Readonly<Record<string, unknown>>>;
}

/** Nothing comes or goes for so long: milliseconds. */
const patience = 10 * 60_000;

/** @throws Problem `invalid` for an address that is none, or a file that cannot be read */
export function openMeshClient(options: MeshClientOptions): MeshClient {
  const { now = () => Date.now(), password, sharedKey } = options;
  const mailbox = options.mailbox.trim().toUpperCase();
  if (!URL.canParse(options.url) || !/^https?:/.test(options.url))
    throw new Problem('invalid', '--url must be an address such as http://localhost:9000');
  const base = options.url.replace(/\/+$/, '').replace(/\/messageexchange$/, '');
  const tls = {
    ...(options.cert === undefined ? {} : { cert: fileOf(options.cert, '--cert') }),
    ...(options.key === undefined ? {} : { key: readKey(options.key) }),
    ...(options.ca === undefined ? {} : { ca: fileOf(options.ca, '--ca') }),
  };
  const nonce = randomUUID();
  let count = 0;
  const call: MeshClient['call'] = async (path, { method = 'GET', headers, body } = {}) => {
    const token = { mailbox, nonce, count: String(count++), now: now() };
    const url = new URL(`${base}/messageexchange/${mailbox}${path}`);
    const answer = await send(url, {
      ...{ method, tls, body },
      headers: {
        accept: 'application/vnd.mesh.v2+json',
        authorization: writeToken(token, password, sharedKey),
        ...headers,
      },
    });
    if (answer.status < 400) return answer;
    throw refusalOf(answer, await textOf(answer.body));
  };
  return {
    mailbox,
    call,
    async json(path, sent) {
      const { body } = await call(path, sent);
      return objectIn(await textOf(body));
    },
  };
}

interface Sending {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: object;
  readonly body: Readable | undefined;
}

async function send(url: URL, { method, headers, tls, body }: Sending): Promise<MeshAnswer> {
  const isSecure = url.protocol === 'https:';
  const outgoing = isSecure
    ? overHttps(url, { method, headers, ...tls })
    : overHttp(url, { method, headers });
  outgoing.setTimeout(patience, () => outgoing.destroy(new Error('the server is silent')));
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>; // what the event brings
  answered.catch(() => undefined); // told below
  try {
    if (body) await Promise.race([pipeline(body, outgoing), answered]);
    else outgoing.end();
    const [response] = await answered;
    body?.destroy(); // where the server has answered before it was sent
    return { status: response.statusCode ?? 0, headers: response.headers, body: response };
  } catch (cause) {
    // A server may refuse, and close, before it has read all.
    const early = await Promise.race([answered.catch(() => undefined), moment()]);
    if (early)
      return { status: early[0].statusCode ?? 0, headers: early[0].headers, body: early[0] };
    throw new Problem('unavailable', `No MESH server answers at ${url.origin}: ${told(cause)}`, {
      cause,
    });
  }
}

function moment(): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(resolve, 250, undefined).unref();
  });
}

function told(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const hint = Object.entries(hints).find(([name]) => code.includes(name))?.[1];
  return `${code || (cause instanceof Error ? cause.message : 'the connection ended')}${hint ? `. ${hint}` : ''}`;
}

const hints: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Start it with npm start, or say where it is by --url',
  CERT: 'Name the authority that made its certificate by --ca',
  SELF_SIGNED: 'Name the authority that made its certificate by --ca',
  UNABLE_TO: 'Name the authority that made its certificate by --ca',
  ALERT: 'It wants a client certificate of its own authority: --cert and --key',
};

/** What to do next, by code or status. */
const steps: Readonly<Record<string, string>> = {
  '403':
    'Check mailbox, --password-file, --shared-key-file and the clock of this machine; where the server needs one, --cert and --key',
  '404':
    'The id is that of another message, or the message is not yours. See: gatehouse mesh inbox',
  '410': 'It was acknowledged or has expired. Ask an operator: gatehouse mesh mailbox restore',
  '12': 'There is no such mailbox, or it is not active. See: gatehouse mesh mailbox list',
  '16': 'Ask for the workflow: gatehouse mesh workflow put <id> --sender <mailbox>',
  '17': 'The recipient does not take this workflow. See: gatehouse mesh workflow list',
  '02': 'The file is empty: there is nothing to send',
  '413': 'Send it in smaller pieces: --chunk-size',
  '503': 'Try again in a while',
};

function refusalOf({ status, headers }: MeshAnswer, text: string): Problem {
  const { code, message, id } = faultIn(text);
  const why = headers['x-gatehouse-why'];
  const step = steps[code] ?? steps[String(status)];
  const lines = [
    `The server refused (${[status, code].filter((one) => one !== '').join(' ')}): ${message || 'no reason given'}`,
    ...(id === '' ? [] : [`  message  ${id}`]),
    ...(typeof why === 'string' ? [`  why      ${why}`] : []),
    ...(step === undefined ? [] : [`  next     ${step}`]),
  ];
  const kind = status === 404 ? 'not-found' : status >= 500 ? 'unavailable' : 'unprocessable';
  return new Problem(kind, lines.map(plain).join('\n'), { row: { status } });
}

/** The refusal of either version, or of validation. */
function faultIn(text: string): { code: string; message: string; id: string } {
  const body = objectIn(text);
  const [first] = Array.isArray(body.detail) ? (body.detail as unknown[]) : [];
  const detail = typeof first === 'object' && first !== null ? { ...first } : body;
  const all: Readonly<Record<string, unknown>> = { ...body, ...detail };
  const at = (...names: string[]) =>
    names.map((name) => all[name]).find((one): one is string => typeof one === 'string') ?? '';
  const loc = Array.isArray(all.loc) ? `${String(all.loc.at(-1))}: ` : '';
  return {
    code: at('code', 'errorCode'),
    message: loc + at('msg', 'errorDescription'),
    id: at('message_id', 'messageID'),
  };
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** A short body. */
async function textOf(body: IncomingMessage): Promise<string> {
  let text = '';
  body.setEncoding('utf8');
  for await (const piece of body as AsyncIterable<string>) {
    text += piece;
    if (text.length > 8_000_000) throw new Problem('upstream', 'The answer has no end');
  }
  return text;
}

/** What others wrote must not steer the terminal. */
function plain(text: string): string {
  return text.replace(/\p{C}/gu, '\ufffd');
}

function fileOf(file: string, option: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Problem('invalid', `The file of ${option} cannot be read: ${file}`, { cause });
  }
}

function readKey(file: string): string {
  const key = readSecretFile(file);
  if (key !== undefined) return key;
  throw new Problem('invalid', `The file of --key cannot be read: ${file}`);
}
