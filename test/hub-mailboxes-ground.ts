/** A team with an app and mailboxes, its people, and mailboxes of others to write to, for tests of the hub. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { searchAudit } from '../server/audit/search.ts';
import type { AuditLine } from '../server/audit/line.ts';
import {
  linkTo,
  newAccount,
  textOf,
  type Fields,
  type HubClient,
  type HubPage,
} from './hub-ground.ts';
import { meshCaller, type MeshCallerOf } from './mesh-ground.ts';
import { answering, startEndpoint, until } from './postman-ground.ts';
import type { TestPlatform } from './start-platform.ts';

export interface MailboxTeam {
  readonly admin: HubClient;
  readonly viewer: HubClient;
  /** In no team but their own. */
  readonly outsider: HubClient;
  /** `/apps/…` */
  readonly app: string;
}

/** An account that makes a team and an app in sandbox and production, one that only sees it, and one that does not. */
export async function mailboxTeam(platform: TestPlatform): Promise<MailboxTeam> {
  const { client: admin, email } = await newAccount(platform, 'Ada Admin');
  const { client: viewer, email: seen } = await newAccount(platform, 'Vic Viewer');
  const { client: outsider } = await newAccount(platform, 'Otis Outsider');
  const team = (await admin.fill('/teams/new', { name: 'Post team' })).to;
  await admin.fill(`${team}/invite`, { email: seen, role: 'viewer' });
  await viewer.fill(await linkTo(viewer, seen, '/invitations/'), {});
  const made = await admin.fill('/apps/new', {
    ...{ team: team.slice('/teams/'.length), name: 'Post app', kinds: 'unattended' },
    ...{ contact: email, environments: 'sandbox' },
  });
  assert.equal(made.status, 303, made.faults.join());
  return { admin, viewer, outsider, app: made.to };
}

export interface MadeMailbox {
  readonly id: string;
  readonly password: string;
  /** `/mailboxes/sandbox/…` */
  readonly path: string;
  readonly caller: MeshCallerOf;
}

/** Makes a mailbox of the app, and takes the password that is shown. */
export async function makeMailbox(
  platform: TestPlatform,
  { admin, app }: Pick<MailboxTeam, 'admin' | 'app'>,
  fields: Fields = {},
): Promise<MadeMailbox> {
  const made = await admin.fill(`${app}/mailboxes/new`, {
    ...{ environment: 'sandbox', name: 'Ward post', ods_code: 'R9A', id: '', ...fields },
  });
  assert.match(made.to, /^\/handed\//, made.faults.join());
  const password = await handed(admin, made);
  const path = /href="(\/mailboxes\/[^"]+)"/.exec((await admin.get(made.to)).html)?.[1] ?? '';
  assert.equal((await admin.send(await admin.get(made.to), made.to, {})).to, path);
  const id = path.split('/').at(-1) ?? '';
  return { id, password, path, caller: meshCaller(platform.url, id, { password }) };
}

/** Fills a mailbox: a message that was pushed and given up, one that was sent, and a subscription that is to be verified. */
export async function busyMailbox(
  platform: TestPlatform,
  client: HubClient,
  { id, path, caller }: MadeMailbox,
) {
  const endpoint = await startEndpoint();
  endpoint.treat = answering(422, {}, '{"error": "no"}');
  const make = async (name: string) => {
    const fields = { url: `${endpoint.url}/${name}`, receipts: 'delivered' };
    const { to } = await client.fill(`${path}/pushes/new`, fields);
    return /href="(\/mailboxes\/[^"]+)"/.exec((await client.get(to)).html)?.[1] ?? '';
  };
  const [push, pending] = [await make('in'), await make('other')];
  await client.fill(push, { verify: 'yes' });
  const sent = await meshCaller(platform.url, 'ALICE').send(id, 'WARD_LETTER', 'good day');
  await caller.send('BOB', 'WARD_LETTER', 'good day', { 'mex-localid': 'letter-1' });
  const message = String(sent.json.messageID);
  await until(
    async () => (await client.get(`${push}/letters/${message}`)).html.includes('Dead letter'),
    'a dead letter',
  );
  await endpoint.close();
  return { path, push, pending, message };
}

/** What is shown this once. */
export async function handed(client: HubClient, { to }: HubPage): Promise<string> {
  const { html } = await client.get(to);
  return textOf(/<pre class="hub-secret"[^>]*>(.*?)<\/pre>/s.exec(html)?.[1] ?? '');
}

/** Value of a row of a summary list. */
export function factOf({ html }: HubPage, key: string): string {
  const rows = html.matchAll(/<dt[^>]*>(.*?)<\/dt>\s*<dd[^>]*>(.*?)<\/dd>/gs);
  const found = [...rows].find(([, name = '']) => textOf(name) === key);
  return textOf(found?.[2] ?? '');
}

/** The cells of the rows of a table, each row's head first. */
export function rowsOf({ html }: HubPage): string[][] {
  const bodies = [...html.matchAll(/<tbody[^>]*>(.*?)<\/tbody>/gs)].map(([, body = '']) => body);
  return bodies.flatMap((body) =>
    [...body.matchAll(/<tr[^>]*>(.*?)<\/tr>/gs)].map(([, row = '']) =>
      [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell = '']) => textOf(cell)),
    ),
  );
}

/** All deeds in the audit whose action begins so. */
export async function deeds(platform: TestPlatform, action: string): Promise<AuditLine[]> {
  const found: AuditLine[] = [];
  for await (const line of searchAudit(join(platform.dataDir, 'audit'), { kind: 'change' }))
    if (line.action.startsWith(action)) found.push(line);
  return found;
}
