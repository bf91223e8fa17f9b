/**
 * Why calls were refused, by message id, for the developer it concerns. The newest in memory: a help while building, no
 * record; the audit is that. Nothing of a token, key or person is in it. Owns how many are remembered of whom.
 */
import type { Reason, Refusal } from './oauth-error.ts';

export interface Refusals {
  keep(refusal: Refusal): void;
  find(messageId: string): Refusal | undefined;
  /** The same, asking the other processes that serve too. */
  findAnywhere(messageId: string): Promise<Refusal | undefined>;
}

export interface RefusalsOptions {
  /** Whether an id is that of an app or one of its client ids; names that callers make up share what is left. */
  readonly known?: (id: string) => boolean;
  /** How many are remembered altogether. */
  readonly most?: number;
  /** What another process remembers under this id; nobody is asked when absent. */
  readonly elsewhere?: (messageId: string) => Promise<Refusal | undefined>;
}

/** Of one app, or of all unknown callers of one endpoint in one environment. */
export const mostRefusalsEach = 200;

/** Who fails often pushes out the own refusals, never another's. */
export function createRefusals(options: RefusalsOptions = {}): Refusals {
  const { known = () => false, most = 10_000, elsewhere } = options;
  const kept = new Map<string, Refusal>();
  const shares = new Map<string, Set<string>>();
  const drop = (name: string, share: Set<string>) => {
    const [oldest = ''] = share;
    share.delete(oldest);
    kept.delete(oldest);
    if (share.size === 0) shares.delete(name);
  };
  return {
    keep(refusal) {
      const name = shareOf(refusal, known);
      const share = shares.get(name) ?? new Set();
      if (share.size >= mostRefusalsEach) drop(name, share);
      else if (kept.size >= most) drop(...largest(shares));
      shares.set(name, share.add(refusal.messageId));
      kept.set(refusal.messageId, withoutTokens(refusal));
    },
    find: (messageId) => kept.get(messageId),
    findAnywhere: async (messageId) => kept.get(messageId) ?? (await elsewhere?.(messageId)),
  };
}

function shareOf(
  { clientId, environment, where }: Refusal,
  known: (id: string) => boolean,
): string {
  return clientId !== '' && known(clientId) ? `app ${clientId}` : `unknown ${environment} ${where}`;
}

function largest(shares: ReadonlyMap<string, Set<string>>): [string, Set<string>] {
  let found: [string, Set<string>] = ['', new Set()];
  for (const [name, share] of shares) if (share.size > found[1].size) found = [name, share];
  return found;
}

/** What a caller put in the wrong place, such as a token as client id, is not kept either. */
function withoutTokens(refusal: Refusal): Refusal {
  const { reason } = refusal;
  if (!reason) return refusal;
  const { rule, expected, found } = reason;
  const clean: Reason = {
    rule,
    ...(expected === undefined ? {} : { expected: withoutJwt(expected) }),
    ...(found === undefined ? {} : { found: withoutJwt(found) }),
  };
  return { ...refusal, reason: clean };
}

/** The text with each JWT in it, or the beginning of one, taken out. */
export function withoutJwt(text: string): string {
  return text.replace(/\beyJ[A-Za-z0-9_.-]{8,}/g, '(a JWT, not shown)');
}
