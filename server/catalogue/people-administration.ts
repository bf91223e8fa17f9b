/** Administrators as administration changes them. Owns that there is always one who may administer. */
import { Problem } from '../../core/problem.ts';
import type { Page, Stored } from '../../core/store.ts';
import type { PageQuery } from './app-administration.ts';
import { checkLength, checkOrganisation } from './app-rules.ts';
import type { PublicJwk } from './apps.ts';
import { administratorCollection, newClientId, type Administrator } from './people.ts';
import { openRecords, type Ground, type Records } from './records.ts';
import { must, type Actor, type Role } from './roles.ts';

export interface AdministratorFields {
  readonly name: string;
  readonly role: Role;
  readonly organisation: string;
  /** Public keys as a list; checked as an App's are. */
  readonly keys: readonly unknown[];
  readonly state: Administrator['state'];
}

export interface PeopleAdministration {
  create(actor: Actor, fields: Omit<AdministratorFields, 'state'>): Promise<Stored<Administrator>>;
  read(actor: Actor, id: string): Promise<Stored<Administrator>>;
  list(actor: Actor, query: PageQuery): Promise<Page<Administrator>>;
  /** @throws Problem `conflict` when nobody would be left in the role administrator. */
  change(
    actor: Actor,
    id: string,
    fields: Partial<AdministratorFields>,
    expected?: number,
  ): Promise<Stored<Administrator>>;
}

export interface PeopleOptions extends Ground {
  readonly checkKeySet: (value: unknown) => readonly PublicJwk[];
}

export function peopleAdministration(options: PeopleOptions): PeopleAdministration {
  const { clock, checkKeySet } = options;
  const records = openRecords(options, administratorCollection, 'administrator');
  // One change after the other: else two administrators could each take the other's role at the same moment.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const mine = last.then(act);
    last = mine.catch(() => undefined);
    return mine;
  };
  return {
    create(actor, fields) {
      const id = newClientId();
      return records.add({ actor, action: 'administrator.create' }, id, () => {
        must(actor, 'administrator.create');
        checkFields(fields);
        const { name, role, organisation } = fields;
        const keys = checkKeySet({ keys: fields.keys });
        return { id, name, role, organisation, keys, state: 'active', created: clock.now() };
      });
    },
    async read(actor, id) {
      must(actor, 'administrator.read');
      return records.read(id);
    },
    async list(actor, query) {
      must(actor, 'administrator.read');
      return records.find({ index: 'all', equals: ['all'], ...query });
    },
    change: (actor, id, fields, expected) =>
      inTurn(async () => {
        const others = await administratorsBut(records, id);
        return records.change({
          deed: { actor, action: 'administrator.change' },
          id,
          expected,
          allow() {
            must(actor, 'administrator.change');
          },
          edit(now) {
            checkFields(fields);
            const { keys, ...rest } = fields;
            const next = { ...now, ...rest, ...(keys ? { keys: checkKeySet({ keys }) } : {}) };
            if (others === 0 && administers(now) && !administers(next))
              throw new Problem(
                'conflict',
                'Nobody would be left in the role administrator: give it to somebody else first',
              );
            return next;
          },
        });
      }),
  };
}

function administers({ role, state }: Administrator): boolean {
  return role === 'administrator' && state === 'active';
}

/** How many others administer. */
async function administratorsBut(records: Records<Administrator>, id: string): Promise<number> {
  let count = 0;
  let after: string | undefined;
  do {
    const page = await records.find({
      index: 'all',
      equals: ['all'],
      limit: 500,
      ...(after === undefined ? {} : { after }),
    });
    count += page.items.filter(({ id: one, value }) => one !== id && administers(value)).length;
    after = page.next;
  } while (after !== undefined);
  return count;
}

function checkFields({ name, organisation }: Partial<AdministratorFields>): void {
  if (name !== undefined) checkLength('name', name, 1, 200);
  if (organisation !== undefined && organisation !== '*') checkOrganisation(organisation);
}
