/** Who owns an Api, in words: what its organisation or team is called here, with the code. */
import type { Hub } from './hub-parts.ts';

/** `Demo organisation (DEMO1)`; the code alone where no team of this code is known. */
export async function ownerName({ teams }: Pick<Hub, 'teams'>, code: string): Promise<string> {
  const team = (await teams.find(code))?.value;
  return team ? `${team.organisation?.name ?? team.name} (${code})` : code;
}

/** For many at once, by their codes. */
export async function ownerNames(
  hub: Pick<Hub, 'teams'>,
  codes: Iterable<string>,
): Promise<ReadonlyMap<string, string>> {
  const all = [...new Set(codes)];
  return new Map(
    await Promise.all(all.map(async (code) => [code, await ownerName(hub, code)] as const)),
  );
}
