/**
 * The secrets of a registration, of which two live side by side while one is replaced. A secret is in the answer of the
 * function that made it and nowhere else: only its hash is kept.
 */
import type { Clock } from '../../core/clock.ts';
import { Problem } from '../../core/problem.ts';
import { editRegistration, type Place } from './app-administration.ts';
import { appCollection, type App, type Secret } from './apps.ts';
import { openRecords, type Ground, type Records } from './records.ts';
import { must, type Actor } from './roles.ts';
import type { Secrets } from './secrets.ts';

/** How long a secret that is replaced goes on working, in milliseconds. */
export const overlaps = {
  '0': 0,
  '1h': 60 * 60_000,
  '24h': 24 * 60 * 60_000,
  '7d': 7 * 24 * 60 * 60_000,
} as const;

export type Overlap = keyof typeof overlaps;

export interface SecretAdministration {
  /** @returns the secret, this once. @throws Problem `conflict` when two are live. */
  create(actor: Actor, at: Place): Promise<MadeSecret>;
  /** Ends a secret now (`0`) or after an overlap; never later than it would have ended. */
  end(actor: Actor, at: Place, secretId: string, overlap: Overlap): Promise<void>;
}

export interface MadeSecret {
  readonly id: string;
  readonly secret: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
}

export interface SecretOptions extends Ground {
  readonly secrets: Secrets;
}

export function secretAdministration(options: SecretOptions): SecretAdministration {
  const { secrets, clock } = options;
  const records = openRecords(options, appCollection, 'app');
  return {
    create: (actor, at) => createSecret(records, secrets, clock, actor, at),
    async end(actor, at, secretId, overlap) {
      const now = clock.now();
      const edit = (before: readonly Secret[]) => withEnded(before, secretId, overlap, now);
      await changeSecrets(records, actor, at, 'secret.end', edit);
    },
  };
}

const mostLive = 2;

function changeSecrets(
  records: Records<App>,
  actor: Actor,
  { app: id, environment }: Place,
  action: string,
  edit: (before: readonly Secret[]) => readonly Secret[],
) {
  return records.change({
    deed: { actor, action, environment },
    id,
    expected: undefined,
    allow: (app) => {
      must(actor, 'app.credentials', { organisation: app.owner });
    },
    edit: (app) =>
      editRegistration(app, environment, (now) => ({ ...now, secrets: edit(now.secrets) })),
  });
}

async function createSecret(
  records: Records<App>,
  secrets: Secrets,
  clock: Clock,
  actor: Actor,
  at: Place,
): Promise<MadeSecret> {
  const created = clock.now();
  const id = clock.newId();
  const secret = secrets.create();
  await changeSecrets(records, actor, at, 'secret.create', (before) => {
    const live = liveOf(before, created);
    if (live.length >= mostLive)
      throw new Problem(
        'conflict',
        `At most ${mostLive} secrets work at a time. End one first, now or after an overlap, then make the next`,
        { code: 'TWO_SECRETS' },
      );
    return [...live, { id, hash: secrets.hash(secret), created }];
  });
  return { id, secret, created };
}

function withEnded(
  before: readonly Secret[],
  secretId: string,
  overlap: Overlap,
  now: number,
): readonly Secret[] {
  const live = liveOf(before, now);
  if (!live.some(({ id }) => id === secretId))
    throw new Problem('not-found', 'There is no such secret, or it has ended');
  const ends = now + overlaps[overlap];
  const ended = live.map((secret) =>
    secret.id === secretId ? { ...secret, ends: Math.min(ends, secret.ends ?? ends) } : secret,
  );
  return liveOf(ended, now); // what has ended is of no use to anyone
}

function liveOf(secrets: readonly Secret[], now: number): readonly Secret[] {
  return secrets.filter(({ ends }) => ends === undefined || ends > now);
}
