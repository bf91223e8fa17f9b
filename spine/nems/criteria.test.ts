import assert from 'node:assert/strict';
import { Problem } from '../../core/problem.ts';
import { readCriteria, type Criteria } from './criteria.ts';

const patient = 'Patient.identifier=http://fhir.nhs.net/Id/nhs-number|9990004609';
const explicit = `/Bundle?type=message&${patient}&MessageHeader.event=vaccinations-1`;
const generic =
  '/Bundle?type=message&subscriptionRuleType=CHO_POSTCODE_CCG&Organization.identifier=9ZA&MessageHeader.event=vaccinations-1';

function refusal(text: string): Problem {
  try {
    readCriteria(text);
  } catch (error) {
    assert.ok(error instanceof Problem);
    assert.ok(!error.message.includes('9990004609'), 'the patient is not told');
    return error;
  }
  assert.fail(`taken: ${text}`);
}

describe('criteria of the events service', () => {
  it('are read for one patient, with every part', () => {
    const text = `${explicit}&serviceType=UHV&MessageHeader.event=pds-change-of-gp-1&Patient.age=gt5&Patient.age=lt19&GPRegistration=RegisteredOnly&tag=a|b,c_d-9`;
    const expected: Criteria = {
      ...{ events: ['vaccinations-1', 'pds-change-of-gp-1'], nhsNumber: '9990004609' },
      ages: [
        { is: 'gt', years: 5 },
        { is: 'lt', years: 19 },
      ],
      ...{ serviceType: 'UHV', registration: 'RegisteredOnly', tag: 'a|b,c_d-9' },
    };
    assert.deepEqual(readCriteria(text), expected);
  });

  it('are read by a rule, with every part', () => {
    const text = `${generic}&serviceType=CHO&Patient.age=lt14&GPRegistration=UnregisteredOnly&tag=site123`;
    assert.deepEqual(readCriteria(text), {
      ...{ events: ['vaccinations-1'], rule: 'CHO_POSTCODE_CCG', code: '9ZA' },
      ...{ serviceType: 'CHO', ages: [{ is: 'lt', years: 14 }] },
      ...{ registration: 'UnregisteredOnly', tag: 'site123' },
    });
  });

  it('may leave out all that is optional, and parts may come in any order', () => {
    const turned = `/Bundle?type=message&MessageHeader.event=vaccinations-1&${patient}`;
    const plain = { events: ['vaccinations-1'], nhsNumber: '9990004609', ages: [] };
    assert.deepEqual(readCriteria(turned), plain);
    const own = generic.replace('CHO_POSTCODE_CCG', 'GP_GP_GP').replace(/&Organ[^&]*/, '');
    assert.deepEqual(readCriteria(own), { events: ['vaccinations-1'], rule: 'GP_GP_GP', ages: [] });
  });

  for (const system of ['http://fhir.nhs.uk', 'https://fhir.nhs.uk', 'https://fhir.nhs.net'])
    it(`take the NHS number of ${system} too`, () => {
      const read = readCriteria(explicit.replace('http://fhir.nhs.net', system));
      assert.equal(read.nhsNumber, '9990004609');
    });

  for (const country of 'E92000001 W92000004 S92000003 N92000002 L93000001 M83000003'.split(' '))
    it(`take the country ${country}`, () => {
      const text = generic.replace('CHO_POSTCODE_CCG', 'COUNTRYCODE').replace('9ZA', country);
      assert.equal(readCriteria(text).code, country);
    });

  const bad: readonly (readonly [what: string, text: string, code: string, why: RegExp])[] = [
    ['another beginning', explicit.replace('/Bundle', 'Bundle'), 'INVALID_RESOURCE', /beginning/],
    ['another type', explicit.replace('message', 'batch'), 'INVALID_RESOURCE', /beginning/],
    ['an unknown part', `${explicit}&Patient.name=x`, 'INVALID_RESOURCE', /found Patient\.name$/],
    ['an entity in JSON', `${explicit}&amp;tag=x`, 'INVALID_RESOURCE', /parts named/],
    ['a part twice', `${explicit}&tag=x&tag=y`, 'INVALID_RESOURCE', /tag: expected at most 1/],
    ['three ages', `${explicit}${'&Patient.age=lt9'.repeat(3)}`, 'INVALID_RESOURCE', /at most 2/],
    [
      'no event',
      explicit.replace(/&MessageHeader.*/, ''),
      'INVALID_RESOURCE',
      /event type, found none/,
    ],
    [
      'another event',
      explicit.replace('vacc', 'xacc'),
      'INVALID_CODE_VALUE',
      /found xaccinations-1/,
    ],
    [
      'neither patient nor rule',
      explicit.replace(`&${patient}`, ''),
      'INVALID_RESOURCE',
      /neither/,
    ],
    ['both', `${explicit}&subscriptionRuleType=GP_GP_GP`, 'INVALID_RESOURCE', /found both/],
    [
      'a code beside a patient',
      `${explicit}&Organization.identifier=A`,
      'INVALID_RESOURCE',
      /beside/,
    ],
    ['another system', explicit.replace('nhs-number', 'x'), 'INVALID_IDENTIFIER_SYSTEM', /system/],
    ['no pipe', explicit.replace('|', ''), 'INVALID_IDENTIFIER_SYSTEM', /a pipe/],
    ['a second pipe', explicit.replace('|', '||'), 'INVALID_NHS_NUMBER', /valid NHS number/],
    ['a wrong number', explicit.replace('9990004609', '9990004608'), 'INVALID_NHS_NUMBER', /valid/],
    ['another rule', generic.replace('CHO_P', 'CHO_Q'), 'INVALID_CODE_VALUE', /GP_GP_GP, UHV/],
    [
      'two events and a rule',
      `${generic}&MessageHeader.event=nipe-outcome-1`,
      'INVALID_RESOURCE',
      /one beside/,
    ],
    ['a bad code', generic.replace('9ZA', '9/A'), 'INVALID_CODE_VALUE', /code of an organisation/],
    [
      'a bad country',
      generic.replace('CHO_POSTCODE_CCG', 'COUNTRYCODE'),
      'INVALID_CODE_VALUE',
      /E92000001/,
    ],
    [
      'no country',
      generic.replace('CHO_POSTCODE_CCG', 'COUNTRYCODE').replace(/&Organ[^&]*/, ''),
      'INVALID_RESOURCE',
      /COUNTRYCODE compares/,
    ],
    ['another service', `${explicit}&serviceType=GPS`, 'INVALID_CODE_VALUE', /GP, CHO, UHV, EPCHR/],
    ['a bad age', `${explicit}&Patient.age=eq14`, 'INVALID_RESOURCE', /lt or gt/],
    ['an age in part years', `${explicit}&Patient.age=lt1.5`, 'INVALID_RESOURCE', /whole years/],
    [
      'another registration',
      `${explicit}&GPRegistration=Registered`,
      'INVALID_CODE_VALUE',
      /RegisteredOnly/,
    ],
    ['an empty tag', `${explicit}&tag=`, 'INVALID_RESOURCE', /1 to 100/],
    [
      'a long tag',
      `${explicit}&tag=${'x'.repeat(101)}`,
      'INVALID_RESOURCE',
      /found 101 characters/,
    ],
    ['a tag with a blank', `${explicit}&tag=a b`, 'INVALID_RESOURCE', /1 to 100/],
    ['a tag that joins tags', `${explicit}&tag=a~~~b`, 'INVALID_RESOURCE', /1 to 100/],
  ];
  for (const [what, text, code, why] of bad)
    it(`are refused for ${what}`, () => {
      const problem = refusal(text);
      assert.equal(problem.code, code);
      assert.match(problem.message, /^Subscription\.criteria/);
      assert.match(problem.message, why);
    });
});
