/** What the backlog of a laptop holds at first: a few features of this software itself, as they stand in this version. */
import type { Ground } from '../catalogue/records.ts';
import type { Actor } from '../catalogue/roles.ts';
import { openBacklog, type BacklogFields } from './backlog.ts';

const seeded: readonly Omit<BacklogFields, 'answer'>[] = [
  {
    ...{ title: 'Onboarding to production as one case', kind: 'platform', state: 'planned' },
    text: 'Who wants to go live answers questions once, sees what a reviewer says of each, and has ASID, certificate and credentials at the end.',
  },
  {
    ...{ title: 'Import existing definitions of APIs', kind: 'platform', state: 'planned' },
    text: 'Whoever brings an API that runs elsewhere has a document in an older format: OpenAPI 2, WSDL, a manifest. It should not be written anew.',
  },
  {
    ...{ title: 'Price plans and monthly statements', kind: 'platform', state: 'idea' },
    text: 'A product that costs something has a plan (free, flat, per call, in steps), and a statement that follows from the calls.',
  },
  {
    ...{ title: 'A register of assured products', kind: 'platform', state: 'idea' },
    text: 'Who buys software wants to know which products were assured, and which APIs each of them uses.',
  },
  {
    ...{ title: 'Try it with every kind of access', kind: 'platform', state: 'done' },
    text: 'Calls from the hub with a key, a signed JWT, a user or a client certificate, without any of these in the browser.',
  },
  {
    ...{ title: 'Mailboxes for messages between organisations', kind: 'api', state: 'done' },
    text: 'MESH: send, list, fetch, acknowledge, track, and find the practice of a patient.',
  },
];

/** Fills an empty backlog. For one process at a time. */
export async function seedBacklog(ground: Ground): Promise<void> {
  const backlog = openBacklog(ground);
  const { items } = await backlog.list(platform, undefined, { limit: 1 });
  if (items.length > 0) return;
  for (const item of seeded) await backlog.create(platform, { ...item, answer: '' });
}

const platform: Actor = { id: 'platform', role: 'administrator', organisation: '*' };
