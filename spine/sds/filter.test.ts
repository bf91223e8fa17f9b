import assert from 'node:assert/strict';
import { Problem } from '../../core/problem.ts';
import type { Entry, Filter } from './directory.ts';
import { checkFilter, escapeFilterValue, formatFilter, parseFilter } from './filter.ts';
import { selectAttributes } from './attribute-selection.ts';
import { matches } from './filter-match.ts';

const entry: Entry = {
  dn: 'uniqueIdentifier=200000000149,ou=Services,o=nhs',
  attributes: {
    objectClass: ['top', 'nhsAs'],
    uniqueIdentifier: ['200000000149'],
    nhsIDCode: ['Y90001'],
    nhsMHSPartyKey: ['Y90001-820001'],
    nhsAsSvcIA: ['urn:nhs:names:services:gp2gp:RCMR_IN010000UK05', 'urn:nhs:names:services:pds:X'],
    nhsProductName: ['Some  System'],
    nhsProductKey: ['1'],
    description: ['a*b (c) \\d'],
  },
};

const finds = (text: string) => matches(parseFilter(text), entry);

describe('a search filter', () => {
  it('is read with spaces between its parts, and without its outer parentheses', () => {
    const spaced = parseFilter(
      ' ( & (nhsIDCode=YES) (objectClass=nhsAs) ( | (a=1) (b=2) ) (! (c=3)) ) ',
    );
    assert.equal(
      formatFilter(spaced),
      '(&(nhsIDCode=YES)(objectClass=nhsAs)(|(a=1)(b=2))(!(c=3)))',
    );
    assert.deepEqual(parseFilter('nhsIDCode=YES'), parseFilter('(nhsIDCode=YES)'));
  });

  it('comes back as it was written, whatever its parts', () => {
    for (const text of [
      '(cn=*)',
      '(cn=a*b*c)',
      '(cn=*b*)',
      '(cn=a*)',
      '(cn=\\2a\\28\\29\\5c)',
      '(cn~=x)',
      '(cn>=x)',
      '(cn<=x)',
      '(cn:dn:caseExactMatch:=x)',
      '(cn:=x)',
      '(:2.5.13.2:=x)',
      '(&)',
      '(|)',
      '(cn=)',
    ])
      assert.equal(formatFilter(parseFilter(text)), text);
    const value = 'é*()\\x';
    assert.deepEqual(parseFilter(`(cn=${escapeFilterValue(value)})`), {
      ...{ kind: 'equal', attribute: 'cn', value },
    });
  });

  for (const [text, said] of [
    ['', 'lacks an attribute at position 1'],
    ['(', 'lacks an attribute at position 2'],
    ['(&(a=1)', 'ends too early at position 8'],
    ['(a=1))', 'goes on after its end at position 6'],
    ['(a=1)(b=2)', 'goes on after its end at position 6'],
    ['(=x)', 'lacks an attribute at position 2'],
    ['(a b=x)', 'lacks a = at position 4'],
    ['(a=(b)', 'has an unescaped parenthesis at position 4'],
    ['(a=\\zz)', 'has an escape that is not two digits at position 4'],
    ['(a=\\00)', 'has bytes that are no text'],
    ['(a=\\ff)', 'has bytes that are no text'],
    ['(a=**)', 'has stars side by side'],
    ['(a>=x*y)', 'has a star where none may be'],
    ['(!a=1)', 'lacks a ( at position 3'],
    ['(a:b:c:=x)', 'has a matching rule that cannot be read'],
    ['(!'.repeat(40) + '(a=1)' + ')'.repeat(40), 'nested deeper than 32'],
    [`(|${'(a=1)'.repeat(1000)})`, 'more than 1000 parts'],
    [`(a=${'x'.repeat(40_000)})`, 'too long'],
  ] as const)
    it(`is refused when it ${said}: ${text.slice(0, 20)}`, () => {
      assert.throws(
        () => parseFilter(text),
        (error) => {
          assert.ok(error instanceof Problem && error.kind === 'invalid');
          assert.ok(error.message.includes(said), error.message);
          return true;
        },
      );
    });

  it('is read in linear time, however hostile', () => {
    const started = performance.now();
    for (const text of [
      '('.repeat(32_000),
      `(a=${'*x'.repeat(15_000)})`,
      '(a=' + '\\'.repeat(30_000),
    ])
      try {
        parseFilter(text);
      } catch (error) {
        assert.ok(error instanceof Problem);
      }
    assert.ok(performance.now() - started < 500);
  });

  it('that came another way is held to the same limits', () => {
    let deep: Filter = { kind: 'present', attribute: 'a' };
    for (let at = 0; at < 40; at++) deep = { kind: 'not', filter: deep };
    assert.throws(() => {
      checkFilter(deep);
    }, /deeper/);
  });

  it('compares as the schema says: codes and interactions with case, keys and ids without', () => {
    assert.ok(finds('(nhsIdCode=Y90001)'));
    assert.ok(!finds('(nhsIdCode=y90001)'));
    assert.ok(finds('(NHSMHSPARTYKEY=y90001-820001)'));
    assert.ok(finds('(nhsAsSvcIA=urn:nhs:names:services:pds:X)'));
    assert.ok(!finds('(nhsAsSvcIA=urn:nhs:names:services:pds:x)'));
    assert.ok(finds('(objectclass=NHSAS)'));
    assert.ok(finds('(objectClass=1.2.826.0.1285.0.2.0.107)'));
    assert.ok(finds('(nhsProductName= some system )'));
    assert.ok(finds('(1.2.826.0.1285.0.1.10=Y90001)'));
    assert.ok(finds('(entryDN=uniqueidentifier=200000000149, ou=services,o=nhs)'));
  });

  it('leaves undefined what has no rule or is not in the schema, and its negation too', () => {
    for (const part of [
      'nhsProductKey=1',
      'noSuch=1',
      'nhsIDCode>=A',
      'cn:noRule:=x',
      'noSuch=*',
    ]) {
      assert.ok(!finds(`(${part})`), part);
      assert.ok(!finds(`(!(${part}))`), part);
      assert.ok(finds(`(|(${part})(nhsIDCode=Y90001))`), part);
      assert.ok(!finds(`(&(${part})(nhsIDCode=Y90001))`), part);
      assert.ok(finds(`(!(&(${part})(nhsIDCode=no)))`), part);
    }
    assert.ok(finds('(nhsProductKey=*)'));
    assert.ok(finds('(!(mail=*))'));
    assert.ok(finds('(&)'));
    assert.ok(!finds('(|)'));
  });

  it('finds parts of values in their order', () => {
    assert.ok(finds('(nhsAsSvcIA=*gp2gp*)'));
    assert.ok(finds('(nhsAsSvcIA=urn:*:gp2gp:*UK05)'));
    assert.ok(!finds('(nhsAsSvcIA=*UK05*gp2gp*)'));
    assert.ok(finds('(description=a\\2ab*\\5cd)'));
    assert.ok(!finds('(uniqueIdentifier=20000000014*9149)'));
    assert.ok(finds('(nhsProductName=SOME*)'));
  });

  it('finds by a named rule, in the name of an entry too', () => {
    assert.ok(finds('(nhsIDCode:caseIgnoreMatch:=y90001)'));
    assert.ok(finds('(ou:dn:=services)'));
    assert.ok(!finds('(ou:=services)'));
    assert.ok(finds('(:dn:caseIgnoreMatch:=SERVICES)'));
  });
});

describe('the attributes of a found entry', () => {
  const names = (...requested: string[]) =>
    selectAttributes(entry, requested).map(([name]) => name);

  it('come in the spelling in which they were asked for', () => {
    assert.deepEqual(names('nhsIdCode', 'NHSMHSPARTYKEY', 'noSuch', 'mail'), [
      'nhsIdCode',
      'NHSMHSPARTYKEY',
    ]);
    assert.deepEqual(names('1.1'), []);
    assert.deepEqual(names(), Object.keys(entry.attributes));
    assert.deepEqual(names('*', 'nhsidcode')[2], 'nhsidcode');
    assert.deepEqual(names('+'), ['subschemaSubentry', 'structuralObjectClass', 'entryDN']);
    assert.deepEqual(selectAttributes(entry, ['entrydn']), [['entrydn', [entry.dn]]]);
  });
});
