import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { toLine, type PdsRecord } from '../pds/record.ts';
import { checkRecord } from './check.ts';
import { createContext, people, person } from './person.ts';
import { loadSources } from './sources.ts';

const context = createContext(loadSources(join(import.meta.dirname, '..', '..', 'fixtures')));

describe('generated people', () => {
  it('are the same bytes for the same seed on every machine', () => {
    const hash = createHash('sha256');
    for (const record of people(2_000, 7, context)) hash.update(toLine(record));
    assert.equal(
      hash.digest('hex'),
      'f09b3de02f29cf946736446aeb21a6775d1b4bd39053c1d818f3ab267d1cf2cc',
    );
  });

  it('are made one by one as they are made in order', () => {
    let n = 0;
    for (const record of people(1_500, 11, context)) {
      if (n % 7 === 0) assert.equal(toLine(person(n, 11, context)), toLine(record));
      n++;
    }
    assert.equal(n, 1_500);
  });

  it('differ by seed', () => {
    assert.notEqual(toLine(person(5, 1, context)), toLine(person(5, 2, context)));
  });

  it('are refused beyond what the 999 range holds, and so is a seed that is no whole number', () => {
    assert.throws(() => people(909_092, 1, context), /never issued, holds 909091/);
    assert.throws(() => people(0, 1, context), /ask for 1 to 909091/);
    assert.throws(() => people(1, 1.5, context), /The seed is 1.5: give a whole number/);
    assert.equal(person(909_090, 1, context).patient.id, '9999999999');
  });
});

describe('100,000 generated people', () => {
  const counts = new Map<string, number>();
  const homes = new Map<string, number>();
  const numbers = new Set<string>();
  const merged: string[] = [];
  let withHome = 0;

  const count = (what: string, holds: boolean | undefined) => {
    if (holds === true) counts.set(what, (counts.get(what) ?? 0) + 1);
  };
  const share = (what: string) => (counts.get(what) ?? 0) / 100_000;

  before(function () {
    this.timeout(60_000);
    for (const record of people(100_000, 7, context)) {
      const faults = checkRecord(record);
      if (faults.length > 0) assert.fail(`${record.patient.id}: ${faults.join(', ')}`);
      numbers.add(record.patient.id);
      tally(record);
    }
  });

  function tally({ patient, behind }: PdsRecord): void {
    if (behind.supersededBy !== undefined) merged.push(behind.supersededBy);
    const usual = patient.name?.[0];
    const names = [...(patient.name ?? []), ...(behind.former?.names ?? [])];
    const home = patient.address?.find(({ use }) => use === 'home');
    if (home?.line) {
      withHome++;
      const place = home.line.join('|');
      homes.set(place, (homes.get(place) ?? 0) + 1);
    }
    for (const tag of behind.tags ?? []) count(tag, true);
    count('dead', patient.deceasedDateTime !== undefined);
    count('left', patient.managingOrganization !== undefined);
    count(
      'left and registered',
      patient.managingOrganization !== undefined && patient.generalPractitioner !== undefined,
    );
    count('middle name', (usual?.given?.length ?? 0) > 1);
    count('apostrophe', usual?.family?.includes("'"));
    count('double-barrelled', usual?.family?.includes('-'));
    count('marks', /[^ -~]/.test(`${usual?.family ?? ''}${usual?.given?.join('') ?? ''}`));
    const family = usual?.family ?? 'a';
    count('capitals', family === family.toUpperCase());
    count('one name', usual?.given === undefined);
    count('1 January', patient.birthDate?.endsWith('-01-01'));
    count('partial', (patient.birthDate?.length ?? 0) < 10);
    count('second twin', patient.multipleBirthInteger === 2);
    count(
      'maiden name',
      names.some(({ use }) => use === 'maiden'),
    );
    count('moved', behind.former?.addresses !== undefined);
    count('own gender', patient.gender === 'other' || patient.gender === 'unknown');
    count('card', behind.coverage !== undefined);
    count('related', behind.relatedPersons !== undefined);
    count('over 110', (patient.birthDate ?? '') < '1916' && patient.deceasedDateTime === undefined);
  }

  it('pass every check of shape and safety, each with a number of their own', () => {
    assert.equal(numbers.size, 100_000);
  });

  it('live in households of 2.4 on average, with care homes and halls of fifty', () => {
    const perHome = withHome / homes.size;
    assert.ok(perHome > 2.2 && perHome < 2.6, String(perHome));
    assert.ok([...homes.values()].filter((size) => size >= 45).length >= 12);
  });

  it('come near their rates', () => {
    const expected: readonly (readonly [string, number, number])[] = [
      ['dead', 0.11, 0.17],
      ['left', 0.04, 0.07],
      ['restricted', 0.001, 0.003],
      ['very-restricted', 0.00005, 0.0005],
      ['invalidated', 0.0001, 0.0006],
      ['superseded', 0.0006, 0.0015],
      ['superseded-chain', 0.0001, 0.0005],
      ['superseding', 0.0006, 0.0015],
      ['middle name', 0.76, 0.84],
      ['apostrophe', 0.002, 0.01],
      ['double-barrelled', 0.02, 0.06],
      ['marks', 0.01, 0.08],
      ['capitals', 0.03, 0.1],
      ['one name', 0.00003, 0.0006],
      ['no-fixed-abode', 0.00005, 0.0005],
      ['1 January', 0.008, 0.016],
      ['partial', 0.001, 0.005],
      ['second twin', 0.001, 0.01],
      ['maiden name', 0.1, 0.3],
      ['moved', 0.3, 0.7],
      ['own gender', 0.002, 0.006],
      ['card', 0.01, 0.04],
      ['related', 0.05, 0.2],
      ['over 110', 0, 0.002],
    ];
    for (const [what, low, high] of expected)
      assert.ok(share(what) >= low && share(what) <= high, `${what}: ${share(what)}`);
  });

  it('have either a practice or an organisation that looks after those without, never both', () => {
    assert.equal(share('left and registered'), 0);
  });

  it('lead from each superseded number to another of them', () => {
    assert.ok(merged.every((number) => numbers.has(number)));
  });
});
