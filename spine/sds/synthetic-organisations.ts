/**
 * The default organisations: those that the default patients belong to, and boards, networks, trusts, suppliers and the
 * national services around them, each with roles, relationships, succession and address. The same at each making.
 */
import type { Organisation as Known } from '../../fhir/synthetic/organisations.ts';
import type { Entry, Organisation } from './directory.ts';
import { organisationEntry, type OrganisationKind } from './organisation-entries.ts';
import type { Board, DirectorySources, Trust } from './synthetic-sources.ts';

/** Their entries. */
export function organisationEntries(sources: DirectorySources): Entry[] {
  const maker = new Maker(sources.boards);
  for (const board of sources.boards) maker.board(board);
  const before = predecessorsOf([...sources.organisations, ...sources.trusts]);
  for (const one of sources.organisations) maker.known(one, before.get(one.code) ?? []);
  for (const trust of sources.trusts) maker.trust(trust, before.get(trust.code) ?? []);
  for (const { code, name } of [...sources.suppliers, ...sources.national])
    maker.put({ code, name, opened: '2005-04-01', roles: ['RO157'] }, types.company);
  maker.networks();
  return maker.entries;
}

type Predecessors = readonly (readonly [code: string, date: string])[];

/** Who came before, by the code of who took over. */
function predecessorsOf(
  all: readonly { readonly code: string; readonly successor?: string; readonly closed?: string }[],
): ReadonlyMap<string, Predecessors> {
  const before = new Map<string, Predecessors>();
  for (const { code, successor, closed = '' } of all)
    if (successor !== undefined)
      before.set(successor, [...(before.get(successor) ?? []), [code, closed]]);
  return before;
}

interface Draft {
  readonly code: string;
  readonly name: string;
  readonly opened: string;
  readonly closed?: string;
  readonly site?: true;
  /** The first is the primary one. */
  readonly roles: readonly string[];
  /** Relationship and whom it points to. */
  readonly related?: readonly (readonly [id: string, target: string])[];
  readonly successor?: string;
  readonly predecessors?: Predecessors;
  readonly lines?: readonly string[];
  readonly town?: string;
  readonly county?: string;
  readonly postcode?: string;
}

const types = {
  practice: { objectClass: 'nhsGPPractice', type: 'GP PRACTICE', typeCode: 'RO76' },
  pharmacy: { objectClass: 'nhsOrg', type: 'PHARMACY', typeCode: 'RO182' },
  board: { objectClass: 'nhsOrg', type: 'INTEGRATED CARE BOARD', typeCode: 'RO261' },
  location: { objectClass: 'nhsOrg', type: 'SUB ICB LOCATION', typeCode: 'RO98' },
  network: { objectClass: 'nhsOrg', type: 'PRIMARY CARE NETWORK', typeCode: 'RO272' },
  trust: { objectClass: 'nhsOrg', type: 'NHS TRUST', typeCode: 'RO197' },
  site: { objectClass: 'nhsSite', type: 'NHS TRUST SITE', typeCode: 'RO198' },
  none: { objectClass: 'nhsOrg', type: 'PRESCRIBING COST CENTRE', typeCode: 'RO177' },
  company: { objectClass: 'nhsOrg', type: 'NON-NHS ORGANISATION', typeCode: 'RO157' },
} as const satisfies Record<string, OrganisationKind>;

const towns = 48;
const firstDistrict = 11;
const unitLetters = 'ABDEFGHJLNPQRSTUWXYZ';

class Maker {
  readonly entries: Entry[] = [];
  readonly #boards: readonly Board[];
  /** Towns with practices, in the order of their first. */
  readonly #networks = new Map<string, { code: string; board: Board }>();
  #number = 0;
  #uniqueId = 300_000;

  constructor(boards: readonly Board[]) {
    this.#boards = boards;
  }

  board(board: Board): void {
    const { code, name, county, town, locations } = board;
    const place = { county, town, opened: '2022-07-01' };
    this.put({ ...place, code, name, roles: ['RO261', 'RO318'] }, types.board);
    for (const one of locations) {
      const related = [['RE5', code]] as const;
      this.put({ ...place, ...one, roles: ['RO98'], related }, types.location);
    }
  }

  known(one: Known, predecessors: Predecessors): void {
    const [line, town, county] = one.line ?? [];
    const draft = {
      ...{ code: one.code, name: one.name, opened: one.opened },
      ...(one.closed === undefined ? {} : { closed: one.closed }),
      ...(one.successor === undefined ? {} : { successor: one.successor }),
      ...(line === undefined ? {} : { lines: [line] }),
      ...(town === undefined ? {} : { town }),
      ...(county === undefined ? {} : { county }),
      ...(one.postalCode === undefined ? {} : { postcode: one.postalCode }),
      predecessors,
    };
    const board = this.#boardOf(county);
    if (one.role === 'practice') this.#practice(draft, board);
    else if (one.role === 'pharmacy')
      this.put({ ...draft, roles: ['RO182'], related: [['RE5', board.code]] }, types.pharmacy);
    else if (one.role === 'pseudo') this.put({ ...draft, roles: ['RO177'] }, types.none);
    else this.put({ ...draft, roles: ['RO157'] }, types.company);
  }

  trust(trust: Trust, predecessors: Predecessors): void {
    const { code, name, town, county, sites, closed, successor } = trust;
    const opened = '2001-04-01';
    const draft = {
      ...{ code, name, town, county, opened, roles: ['RO197'] },
      related: [['RE5', this.#boardOf(county).code] as const],
      ...(closed === undefined ? {} : { closed }),
      ...(successor === undefined ? {} : { successor }),
      predecessors,
    };
    this.put(draft, types.trust);
    sites.forEach((site, at) => {
      const related = [['RE6', code] as const];
      const own = { code: `${code}0${at + 1}`, name: site, site: true as const };
      this.put({ ...own, town, county, opened, roles: ['RO198'], related }, types.site);
    });
  }

  /** The networks of the practices that have been put. */
  networks(): void {
    for (const [town, { code, board }] of this.#networks) {
      const related = [['RE5', board.code] as const];
      const place = { town, county: board.county, opened: '2019-07-01' };
      this.put({ ...place, code, name: `${town} PCN`, roles: ['RO272'], related }, types.network);
    }
  }

  #practice(draft: Omit<Draft, 'roles'>, board: Board): void {
    const town = draft.town ?? board.town;
    const network = this.#networks.get(town) ?? {
      ...{ code: `U${99_001 + this.#networks.size}`, board: this.#boardOf(draft.county) },
    };
    this.#networks.set(town, network);
    const location = board.locations[this.#number % board.locations.length]?.code ?? board.code;
    const related = [['RE4', location] as const, ['RE8', network.code] as const];
    const kind = { ...types.practice, commissioner: location };
    this.put({ ...draft, roles: ['RO177', 'RO76'], related }, kind);
  }

  #boardOf(county: string | undefined): Board {
    const found = this.#boards.find((board) => board.county === county) ?? this.#boards[0];
    if (found === undefined) throw new Error('fixtures/directory.json names no boards');
    return found;
  }

  put(draft: Draft, kind: OrganisationKind): void {
    const number = this.#number++;
    const { opened, closed } = draft;
    const active = closed === undefined;
    const span = { active, start: opened, ...(active ? {} : { end: closed }) };
    const organisation: Organisation = {
      ...{ odsCode: draft.code, name: draft.name.toUpperCase(), active, opened },
      ...(active ? {} : { closed }),
      recordClass: draft.site ? 'RC2' : 'RC1',
      lastChange: closed ?? lastChangeOf(number, opened),
      roles: draft.roles.map((id, at) => ({
        ...{ id, uniqueId: this.#uniqueId++, primary: at === 0 },
        ...span,
      })),
      relationships: (draft.related ?? []).map(([id, target]) => ({
        ...{ id, uniqueId: this.#uniqueId++, target },
        ...span,
      })),
      successions: this.#successions(draft),
      address: addressOf(draft, number),
      contacts: [{ type: 'tel', value: `01632 960${String(number % 1000).padStart(3, '0')}` }],
    };
    this.entries.push(organisationEntry(organisation, kind));
  }

  #successions({ successor, predecessors = [], closed = '' }: Draft): Organisation['successions'] {
    const one = (type: 'Successor' | 'Predecessor', target: string, date: string) => ({
      ...{ type, uniqueId: this.#uniqueId++, target, date },
    });
    return [
      ...(successor === undefined ? [] : [one('Successor', successor, closed)]),
      ...predecessors.map(([code, date]) => one('Predecessor', code, date)),
    ];
  }
}

/** In the years after it opened, the latest 2025. */
function lastChangeOf(number: number, opened: string): string {
  const year = Math.max(2019 + (number % 7), Number(opened.slice(0, 4)));
  const month = String(1 + (number % 12)).padStart(2, '0');
  return `${year}-${month}-${String(1 + (number % 28)).padStart(2, '0')}`;
}

function addressOf(draft: Draft, number: number): Organisation['address'] {
  const district = firstDistrict + (number % towns);
  const letters = [number, Math.floor(number / 20)].map((at) => unitLetters.charAt(at % 20));
  return {
    lines: draft.lines ?? [`${1 + (number % 80)} Example Road`],
    town: draft.town ?? 'Aldermoor',
    ...(draft.county === undefined ? {} : { county: draft.county }),
    postcode: draft.postcode ?? `AA${district} ${2 + (number % 8)}${letters.join('')}`,
    country: 'ENGLAND',
    uprn: String(999_000_000_000 + number),
  };
}
