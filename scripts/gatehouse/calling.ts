/**
 * Plain calls to a running server, for commands that need no administrator: forms, JSON, and what to say when nobody
 * answers or the answer is a refusal. A refusal is looked up by its message_id, so that its reason is printed with it.
 */
import { Problem } from '../../core/problem.ts';
import { textIn } from './client.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Where a token endpoint is, as this program reaches it and as it calls itself. */
export interface Endpoint {
  /** `http://localhost:9000` */
  readonly origin: string;
  /** Of the face, in the environment. */
  readonly face: string;
  /** The same by the server's own public address. */
  readonly publicFace: string;
}

/** How long an answer is waited for, in milliseconds. */
const patience = 30_000;

/** One call; follows no redirect. @throws Problem `unavailable` when no server answers. */
export async function callServer(url: string, init: RequestInit = {}): Promise<Response> {
  try {
    const signal = AbortSignal.timeout(patience);
    return await fetch(url, { redirect: 'manual', signal, ...init });
  } catch (cause) {
    throw new Problem(
      'unavailable',
      `No server answers at ${new URL(url).origin}. Start it with npm start, or say where it is by --url`,
      { cause },
    );
  }
}

/** The JSON object of an answer. @throws Problem `upstream` for an answer that Gatehouse does not give. */
export async function jsonOf(response: Response): Promise<Json> {
  const text = await response.text();
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // told below: whatever this is, it is not our server's answer
  }
  throw new Problem(
    'upstream',
    `${new URL(response.url).origin} does not answer as Gatehouse does (status ${response.status}). Say where the server is by --url`,
  );
}

/** The address given by --url, without what follows the port. @throws Problem `invalid` */
export function originOf(url: string): string {
  if (URL.canParse(url) && /^https?:\/\//.test(url)) return new URL(url).origin;
  throw new Problem('invalid', '--url must be an address such as http://localhost:9000');
}

/** What is kept of a refusal; undefined when the server does not remember it. */
export async function findRefusal(origin: string, messageId: string): Promise<Json | undefined> {
  const found = await callServer(`${origin}/developer/refusals/${encodeURIComponent(messageId)}`);
  return found.status === 200 ? jsonOf(found) : undefined;
}

/** An OAuth refusal as a Problem whose message has the reason in it. */
export async function refusalOf(origin: string, status: number, body: Json): Promise<Problem> {
  const messageId = textIn(body, 'message_id');
  const found = messageId === '' ? undefined : await findRefusal(origin, messageId);
  const told = textIn(body, 'error_description') || textIn(body, 'detail');
  const lines = [
    `The server refused (${status} ${textIn(body, 'error') || 'error'}): ${told}`,
    ...(found ? membersOf(found, ['rule', 'expected', 'found', 'help', 'message_id']) : []),
  ];
  return new Problem('unauthenticated', lines.map(plain).join('\n'));
}

/** Members as lines of a report; those that are not there are left out. */
export function membersOf(body: Json, names: readonly string[], indent = '  '): string[] {
  const there = names.filter((name) => body[name] !== undefined);
  const width = Math.max(...there.map(({ length }) => length), 11);
  return there.map((name) => `${indent}${name.padEnd(width)} ${plainOf(body[name])}`);
}

/** Text on one line that cannot steer the terminal. */
export function plain(text: string): string {
  return text.replace(/\p{C}/gu, '\ufffd');
}

function plainOf(value: unknown): string {
  return plain(typeof value === 'string' ? value : JSON.stringify(value));
}
