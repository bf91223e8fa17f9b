/**
 * Notices of incidents: to those who really call what is affected, as usage knows them. Owns who is told, and that nobody is
 * told the same twice; repeated after a failure it goes on where it stopped.
 */
import { Problem } from '../../core/problem.ts';
import { isEmail } from './accounts.ts';
import type { Hub } from './hub-parts.ts';
import { affectedIn } from './incident-parts.ts';
import type { Incident } from './incidents.ts';
import { incidentMessage } from './messages.ts';
import { digest } from './secrets.ts';

/** Who has called within this time is told. Milliseconds. */
const recent = 7 * 24 * 3_600_000;

type Parts = Pick<
  Hub,
  'status' | 'catalogue' | 'teams' | 'accounts' | 'send' | 'publicUrl' | 'clock'
>;

/** Sends an update to all whom it concerns; gives how many addresses that were. */
export async function tellCallers(hub: Parts, incident: Incident, update: number): Promise<number> {
  const { id, title, updates } = incident;
  const { text = '', state = incident.state } = updates[update] ?? {};
  const addresses = await addressesOf(hub, await callersOf(hub, incident));
  const link = `${hub.publicUrl()}/status/incidents/${id}`;
  const about = { title, state, text, affected: affectedIn(hub, incident), link };
  const all = [...addresses];
  for (let at = 0; at < all.length; at += 20)
    await Promise.all(
      all
        .slice(at, at + 20)
        .map((to) => hub.send(`hub-${id}-${update}-${digest(to)}`, incidentMessage(to, about))),
    );
  return all.length;
}

async function callersOf(hub: Parts, { apis, environments }: Incident): Promise<Set<string>> {
  const from = hub.clock.now() - recent;
  const questions = environments.flatMap((environment) =>
    apis.length === 0 ? [{ environment, from }] : apis.map((api) => ({ api, environment, from })),
  );
  const found = await Promise.all(questions.map((one) => hub.status.callers(one)));
  return new Set(found.flat());
}

/** The contact of each App, and the owners and admins of the team that it belongs to. */
async function addressesOf(hub: Parts, apps: Iterable<string>): Promise<Set<string>> {
  const addresses = new Map<string, string>();
  const add = (address: string) => addresses.set(address.toLowerCase(), address);
  const owners = new Set<string>();
  for (const id of apps) {
    const app = hub.catalogue.app(id);
    if (!app) continue;
    owners.add(app.owner);
    if (isEmail(app.contact)) add(app.contact);
  }
  for (const owner of owners) {
    const team = await hub.teams.records.read(owner).catch(unlessThereIsNone);
    for (const { account, role } of team?.value.members ?? []) {
      if (role === 'viewer') continue;
      const found = await hub.accounts.find(account);
      if (found && (await hub.accounts.person(account))) add(found.value.email);
    }
  }
  return new Set(addresses.values());
}

/** Apps of an organisation may have no team here. */
function unlessThereIsNone(error: unknown): undefined {
  if (Problem.from(error).kind !== 'not-found') throw error;
}
