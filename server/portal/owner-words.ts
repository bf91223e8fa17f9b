/** Who owns an Api, in words: what its organisation or team is called here, with the code. */
import type { Hub } from './hub-parts.ts';

type Known = Pick<Hub, 'teams' | 'organisation'>;

/** `Demo organisation (DEMO1)`; the code alone where neither a team nor the directory knows it. */
export async function ownerName(hub: Known, code: string): Promise<string> {
  const team = (await hub.teams.find(code))?.value;
  const name = team ? (team.organisation?.name ?? team.name) : await hub.organisation(code);
  return name === undefined ? code : `${name} (${code})`;
}

/** For many at once, by their codes. */
export async function ownerNames(
  hub: Known,
  codes: Iterable<string>,
): Promise<ReadonlyMap<string, string>> {
  const all = [...new Set(codes)];
  return new Map(
    await Promise.all(all.map(async (code) => [code, await ownerName(hub, code)] as const)),
  );
}
