import assert from 'node:assert/strict';
import { Problem } from '../../core/problem.ts';
import { example, subscription } from '../../test/nems-ground.ts';
import { elementOfJson, elementOfXml } from './elements.ts';
import { readSubscription } from './subscription-read.ts';

const now = Date.parse('2026-11-27T12:00:00Z');
const patient = 'Patient.identifier=http://fhir.nhs.net/Id/nhs-number|9990004609';
const criteria = `&${patient}&MessageHeader.event=vaccinations-1`;
const good = subscription(criteria);

const read = async (xml: string) => readSubscription(await elementOfXml(Buffer.from(xml)), now);

describe('a subscription of the events service', () => {
  it('is read from XML, with &amp; undone', async () => {
    const wish = await read(example('request-subscription-explicit.xml'));
    assert.deepEqual([wish.odsCode, wish.mailbox], ['Y90001', 'Y90001GP001']);
    assert.equal(wish.wanted.nhsNumber, '9990004609');
    assert.equal(wish.wanted.tag, 'ward|7');
  });

  it('is read from JSON alike', () => {
    const json = Buffer.from(example('request-subscription-generic.json'));
    const wish = readSubscription(elementOfJson(json), now);
    assert.deepEqual([wish.odsCode, wish.mailbox], ['Y90001', 'Y90001GP001']);
    assert.equal(wish.wanted.rule, 'CHO_POSTCODE_CCG');
  });

  it('may end, have several contacts, and a mailbox in lower case', async () => {
    const more =
      '<contact><system value="url"/><value value="https://directory.spineservices.nhs.uk/STU3/Organization/Y90002"/><use value="work"/></contact><end value="2026-12-01T00:00:00Z"/>';
    const wish = await read(subscription(criteria, { more, mailbox: 'y90001gp001' }));
    assert.equal(wish.contacts.length, 2);
    assert.deepEqual([wish.odsCode, wish.end], ['Y90001', '2026-12-01T00:00:00Z']);
    assert.equal(wish.mailbox, 'Y90001GP001');
  });

  const bad: readonly (readonly [what: string, xml: string, code: string, why: RegExp])[] = [
    [
      'another resource',
      good.replaceAll('Subscription', 'Basic'),
      'INVALID_RESOURCE',
      /Basic|another/,
    ],
    [
      'an id',
      good.replace('<status', '<id value="x"/><status'),
      'INVALID_ELEMENT',
      /Subscription\.id/,
    ],
    [
      'a version',
      good.replace('<status', '<meta><versionId value="1"/></meta><status'),
      ...(['INVALID_ELEMENT', /meta\.versionId/] as const),
    ],
    [
      'a time of change',
      good.replace('<status', '<meta><lastUpdated value="2026-01-01T00:00:00Z"/></meta><status'),
      ...(['INVALID_ELEMENT', /meta\.lastUpdated/] as const),
    ],
    [
      'another profile',
      good.replace('<status', '<meta><profile value="https://x.example"/></meta><status'),
      ...(['INVALID_RESOURCE', /EMS-Subscription-1, found another/] as const),
    ],
    [
      'an element that is none',
      good.replace('<reason', '<error value="x"/><reason'),
      'INVALID_ELEMENT',
      /none but meta/,
    ],
    [
      'a payload',
      good.replace('</channel>', '<payload value="x"/></channel>'),
      'INVALID_ELEMENT',
      /channel/,
    ],
    [
      'another status',
      good.replace('requested', 'active'),
      'INVALID_RESOURCE',
      /status: expected requested/,
    ],
    [
      'no status',
      good.replace('<status value="requested"/>', ''),
      'INVALID_RESOURCE',
      /status: expected once, found none/,
    ],
    [
      'no contact',
      good.replace(/<contact>.*<\/contact>/s, ''),
      'INVALID_RESOURCE',
      /contact: expected at least one/,
    ],
    [
      'another system of a contact',
      good.replace('value="url"', 'value="phone"'),
      'INVALID_RESOURCE',
      /contact\.system/,
    ],
    [
      'another use of a contact',
      good.replace('"work"', '"home"'),
      'INVALID_RESOURCE',
      /contact\.use/,
    ],
    [
      'another address of a contact',
      good.replace('/STU3/', '/R4/'),
      'INVALID_RESOURCE',
      /contact\.value/,
    ],
    ['no reason', good.replace(/<reason[^>]*>/, ''), 'INVALID_RESOURCE', /reason: expected once/],
    ['a blank reason', good.replace('A test', ' '), 'INVALID_RESOURCE', /reason: expected a value/],
    [
      'two criteria',
      good.replace(/(<criteria[^>]*>)/, '$1$1'),
      'INVALID_RESOURCE',
      /found it more often/,
    ],
    [
      'another channel',
      good.replace('value="message"', 'value="rest-hook"'),
      'INVALID_RESOURCE',
      /channel\.type/,
    ],
    ['no endpoint', good.replace(/<endpoint[^>]*>/, ''), 'INVALID_RESOURCE', /channel\.endpoint/],
    [
      'an address for a mailbox',
      good.replace('Y90001GP001', 'mesh://x'),
      'INVALID_RESOURCE',
      /mailbox of MESH/,
    ],
    [
      'an end that is over',
      subscription(criteria, { more: '<end value="2026-11-27T11:59:59Z"/>' }),
      'INVALID_RESOURCE',
      /a time to come/,
    ],
    [
      'a day as end',
      subscription(criteria, { more: '<end value="2027-01-01"/>' }),
      'INVALID_RESOURCE',
      /instant/,
    ],
    [
      'another namespace',
      good.replace('http://hl7.org/fhir', 'urn:x'),
      'MESSAGE_NOT_WELL_FORMED',
      /namespace/,
    ],
    ['torn XML', good.slice(0, -5), 'MESSAGE_NOT_WELL_FORMED', /sound XML/],
    [
      'a DOCTYPE',
      `<!DOCTYPE Subscription [<!ENTITY x "y">]>${good}`,
      'MESSAGE_NOT_WELL_FORMED',
      /doctype/,
    ],
    ['nothing', '', 'MESSAGE_NOT_WELL_FORMED', /sound XML/],
  ];
  for (const [what, xml, code, why] of bad)
    it(`is refused for ${what}`, async () => {
      await assert.rejects(read(xml), (error) => {
        assert.ok(error instanceof Problem);
        assert.equal(error.code, code, error.message);
        assert.match(error.message, why);
        return true;
      });
    });

  it('is not well formed in bytes that are no UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from(good), Buffer.from([0xff])]);
    await assert.rejects(elementOfXml(bytes), { code: 'MESSAGE_NOT_WELL_FORMED' });
  });

  for (const [what, json] of [
    ['a list', '[]'],
    ['no type', '{"status":"requested"}'],
    ['torn JSON', '{"resourceType":'],
    ['a member twice', '{"resourceType":"Subscription","resourceType":"Subscription"}'],
    ['no JSON', 'null'],
  ] as const)
    it(`is not well formed in JSON with ${what}`, () => {
      assert.throws(() => elementOfJson(Buffer.from(json)), { code: 'MESSAGE_NOT_WELL_FORMED' });
    });

  for (const json of [
    '{"resourceType":"Subscription","contact":[[1]],"status":{"value":"requested"}}',
    '{"resourceType":"Subscription","contact":null,"channel":[]}',
    '{"resourceType":"Subscription","status":["requested"],"contact":[{"system":{}}]}',
  ])
    it(`is refused in JSON for the odd shape ${json.slice(31)}`, () => {
      const element = elementOfJson(Buffer.from(json));
      assert.throws(() => readSubscription(element, now), { code: 'INVALID_RESOURCE' });
    });
});
