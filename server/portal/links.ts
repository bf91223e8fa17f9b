/**
 * Links that work once: in mails for verification, reset and invitation, and in a cookie between password and code. Each is
 * one document under the hash of its secret; using it is one write at the expected version, so of two users exactly one wins.
 */
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Store, Stored } from '../../core/store.ts';
import { endKey } from './ended.ts';
import { digest, newSecret } from './secrets.ts';
import type { TeamRole } from './teams.ts';

/** What a link is for, with what it needs for that. */
export type LinkPurpose =
  | {
      readonly for: 'sign-up';
      readonly email: string;
      readonly name: string;
      readonly password: string;
      /** Hash of the browser's own cookie: elsewhere the password is asked for. */
      readonly browser: string;
    }
  /** Leads nowhere once the password was changed, or the address that it was sent to. */
  | {
      readonly for: 'reset';
      readonly account: string;
      readonly email: string;
      readonly mark: number;
    }
  | { readonly for: 'new-email'; readonly account: string; readonly email: string }
  | {
      readonly for: 'invitation';
      readonly team: string;
      readonly email: string;
      readonly role: TeamRole;
      readonly by: string;
    }
  /** `mark`: when the password that was right was set. */
  | {
      readonly for: 'second-factor';
      readonly account: string;
      readonly mark: number;
      readonly back: string;
    }
  /** Was sent to somebody who has nothing to do here: it leads nowhere. */
  | { readonly for: 'nothing' };

export interface Link {
  readonly purpose: LinkPurpose;
  readonly created: number;
  readonly ends: number;
  /** Used, or withdrawn. */
  readonly used?: boolean;
}

export const linkCollection: CollectionOf<Link> = {
  name: 'portal.links',
  keys: ({ purpose, ends }) => ({
    // Kept for a day after their end, so that who comes late is told why.
    end: endKey(ends + 86_400_000),
    ...(purpose.for === 'invitation' ? { team: [[purpose.team]] } : {}),
  }),
};

/** A live link, and what it is for. */
export interface FoundLink<K extends LinkPurpose['for']> {
  readonly link: Stored<Link>;
  readonly purpose: Extract<LinkPurpose, { for: K }>;
}

export interface Links {
  /** Makes one; gives its secret. */
  issue(purpose: LinkPurpose, milliseconds: number): Promise<string>;
  /** The live link of a secret, for this purpose. @throws Problem `gone` that tells a used or expired one from one that never was */
  find<K extends LinkPurpose['for']>(secret: string, what: K): Promise<FoundLink<K>>;
  /** Uses it. @throws Problem `gone` when somebody was faster */
  use(link: Stored<Link>): Promise<void>;
  /** Open invitations of a team. */
  invitations(team: string): Promise<readonly Stored<Link>[]>;
}

export function openLinks(store: Store, now: () => number): Links {
  const links = store.open(linkCollection);
  const lives = ({ used, ends }: Link) => used !== true && now() < ends;
  return {
    async issue(purpose, milliseconds) {
      const secret = newSecret();
      const link = { purpose, created: now(), ends: now() + milliseconds };
      await links.put(digest(secret), link, { expected: 0 });
      return secret;
    },
    async find(secret, what) {
      const stored = await links.get(digest(secret));
      if (stored?.value.purpose.for !== what)
        throw new Problem(
          'not-found',
          'This link leads nowhere: it may have been cut when it was copied',
        );
      if (stored.value.used) throw used();
      if (!lives(stored.value)) throw new Problem('gone', 'This link has expired');
      // its `for` is the one asked for, as was just checked
      const purpose = stored.value.purpose as Extract<LinkPurpose, { for: typeof what }>;
      return { link: stored, purpose };
    },
    async use({ id, version, value }) {
      try {
        await links.put(id, { ...value, used: true }, { expected: version });
      } catch (error) {
        throw Problem.from(error).kind === 'conflict' ? used() : error;
      }
    },
    async invitations(team) {
      const { items } = await links.find({ index: 'team', equals: [team], limit: 500 });
      return items.filter(({ value }) => lives(value));
    },
  };
}

function used(): Problem {
  return new Problem('gone', 'This link has been used already');
}
