import assert from 'node:assert/strict';
import { Problem } from '../../core/problem.ts';
import { event, example } from '../../test/nems-ground.ts';
import { elementOfXml } from './elements.ts';
import { readEventMessage } from './event-message.ts';
import { eventTypes, publishedBy, writeInteractions } from './event-types.ts';

const good = example('request-vaccinations-1.xml');
const read = async (xml: string) => readEventMessage(await elementOfXml(Buffer.from(xml)));

describe('an event message', () => {
  it('is read for what decides who is told', async () => {
    const message = await read(good);
    assert.equal(message.id, '0b6f2b1e-6d0c-4a55-9a5f-5a3f0a7e1c11');
    assert.equal(message.type.workflow, 'VACCINATIONS_1');
    assert.deepEqual([message.nhsNumber, message.birthDate], ['9990004609', '2026-09-27']);
    assert.equal(message.time, Date.parse('2026-11-02T09:30:01Z'));
  });

  it('may lack a name of its source, a version, and refer to its focus by type and id', async () => {
    const xml = good
      .replace('<name value="Ward round"/>', '')
      .replace('<versionId value="1"/>', '')
      .replace('"urn:uuid:6d1a3c44', '"Immunization/6d1a3c44');
    await read(xml.replace(/<fullUrl value="Immunization[^>]*>/, ''));
    await read(
      xml.replace('<reference value="urn:uuid:6d1a3c44', '<reference value="Immunization/6d1a3c44'),
    );
  });

  for (const { code, workflow } of eventTypes)
    it(`of type ${code} goes out as ${workflow}`, async () => {
      const { type } = await read(event({ code }));
      assert.equal(type.workflow, workflow);
      assert.match(workflow, /^[A-Z]+_1$/);
      for (const interaction of writeInteractions(type))
        assert.equal(publishedBy(interaction)?.code, code);
    });

  const bad: readonly (readonly [what: string, from: string | RegExp, to: string, code: string])[] =
    [
      ['another resource', /Bundle/g, 'Basic', 'INVALID_RESOURCE'],
      ['another type of Bundle', 'value="message"', 'value="batch"', 'INVALID_RESOURCE'],
      ['no header first', /MessageHeader>/g, 'Basic>', 'INVALID_RESOURCE'],
      ['two headers', /Immunization>/g, 'MessageHeader>', 'INVALID_RESOURCE'],
      ['an id that is no UUID', '<id value="0b6f2b1e-', '<id value="0b6f2b1e', 'INVALID_RESOURCE'],
      [
        'a version that is none',
        '<versionId value="1"/>',
        '<versionId value="a"/>',
        'INVALID_RESOURCE',
      ],
      [
        'a day as time of change',
        '2026-11-02T09:30:00.125+00:00',
        '2026-11-02',
        'INVALID_RESOURCE',
      ],
      ['no demographics', 'Extension-RoutingDemographics-1', 'Extension-X', 'INVALID_RESOURCE'],
      ['no NHS number', 'url="nhsNumber"', 'url="x"', 'INVALID_RESOURCE'],
      ['another number', '9990004609', '9990004608', 'INVALID_NHS_NUMBER'],
      ['a number of another system', 'Id/nhs-number', 'Id/x', 'INVALID_IDENTIFIER_SYSTEM'],
      ['no name', 'url="name"', 'url="x"', 'INVALID_RESOURCE'],
      ['no family name', '<family value="Powell"/>', '', 'INVALID_RESOURCE'],
      ['no date of birth', 'url="birthDateTime"', 'url="x"', 'INVALID_RESOURCE'],
      [
        'a bad date of birth',
        'valueDateTime value="2026-09-27"',
        'valueDateTime value="x"',
        'INVALID_RESOURCE',
      ],
      ['no event type', 'Extension-MessageEventType-1', 'Extension-X', 'INVALID_RESOURCE'],
      ['another change', 'value="new"', 'value="newer"', 'INVALID_CODE_VALUE'],
      ['events of another system', 'CodeSystem/EventType-1', 'CodeSystem/X', 'INVALID_CODE_SYSTEM'],
      ['another event', 'value="vaccinations-1"', 'value="x-1"', 'INVALID_CODE_VALUE'],
      ['a time without zone', '09:30:01+00:00', '09:30:01', 'INVALID_RESOURCE'],
      ['an impossible zone', '09:30:01+00:00', '09:30:01+58:00', 'INVALID_RESOURCE'],
      ['no source', /<source>.*<\/source>/s, '', 'INVALID_RESOURCE'],
      ['no contact of the source', /<contact>.*<\/contact>/s, '', 'INVALID_RESOURCE'],
      ['another contact', 'value="email"', 'value="fax"', 'INVALID_CODE_VALUE'],
      ['nobody responsible', /<responsible>.*<\/responsible>/s, '', 'INVALID_RESOURCE'],
      ['no focus', /<focus>.*<\/focus>/s, '', 'INVALID_RESOURCE'],
      [
        'a focus that is not there',
        '<reference value="urn:uuid:6d1a3c44',
        '<reference value="urn:uuid:7',
        'REFERENCE_NOT_FOUND',
      ],
    ];
  for (const [what, from, to, code] of bad)
    it(`is refused for ${what}`, async () => {
      const xml = good.replace(from, to);
      assert.notEqual(xml, good);
      await assert.rejects(read(xml), (error) => {
        assert.ok(error instanceof Problem);
        assert.equal(error.code, code, error.message);
        assert.match(error.message, /expected .*, found/);
        assert.doesNotMatch(error.message, /9990004609|Powell|2026-09-27/);
        return true;
      });
    });

  it('is refused for more elements than any event has, whose bytes would still fit', async () => {
    const more = `<Bundle xmlns="http://hl7.org/fhir">${'<a b="1"/>'.repeat(31_000)}</Bundle>`;
    await assert.rejects(read(more), { code: 'MESSAGE_NOT_WELL_FORMED' });
  });
});
