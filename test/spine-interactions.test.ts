/** Each interaction of the table that asks something of the demographics service, once over the wire. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { childElements, parseXml, usualXmlLimits, type XmlElement } from '../core/xml.ts';
import { allInteractions, colonId, type Interaction } from '../spine/interactions.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { ebxmlRequest, post, soapRequest, spine, type Sent } from './spine-messages.ts';
import { root, startTestPlatform, type TestPlatform } from './start-platform.ts';

/** The example of the release that is written; the others ask the same. */
function exampleOf({ operation }: Interaction): XmlElement | undefined {
  const written = allInteractions().find(
    (one) => one.operation === operation && one.release === '2008-A',
  );
  if (!written || operation === 'notification') return undefined;
  const file = join(root, 'fixtures/messages/hl7v3', written.action, 'request.xml');
  return parseXml(readFileSync(file, 'utf8'), usualXmlLimits);
}

function sentOf(interaction: Interaction): Sent {
  const { service, action } = interaction;
  const example = exampleOf(interaction);
  const query = example && found(example, 'query');
  const subject = example && found(example, 'subject');
  const subjects = subject ? childElements(subject).slice(0, 1) : [];
  const act = query ? { query } : { subjects };
  return { id: crypto.randomUUID().toUpperCase(), service, action, act };
}

function found(element: XmlElement, name: string): XmlElement | undefined {
  if (element.name === name) return element;
  return childElements(element).find((one) => one.name === name);
}

const asked = allInteractions().filter(
  ({ operation, release }) => operation !== undefined && release !== 'older',
);

describe('the interactions of the demographics service', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  before(async () => {
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  const fetched = async (place: string): Promise<string> => {
    for (const end = Date.now() + 20_000; Date.now() < end;) {
      const answer = await fetch(platform.url + place);
      if (answer.status !== 202) return answer.text();
    }
    return 'nothing came';
  };
  const answered = async (interaction: Interaction): Promise<string> => {
    const sent = sentOf(interaction);
    if (interaction.pattern === 'sync')
      return (await post(`${platform.url}/sync-service`, soapRequest(sent))).text;
    const view = openDirectory(platform.store).in('shared');
    const query = { partyKey: spine.partyKey, interaction: colonId(interaction) };
    const [handler] = await view.handlers(query, 1);
    const cpaId = handler?.cpaId ?? '';
    const { body, headers } = ebxmlRequest(sent, { pattern: interaction.pattern, cpaId });
    const url = `${platform.url}/clinical`;
    const taken = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) });
    assert.equal(taken.status, 202, await taken.text());
    return fetched(taken.headers.get('content-location') ?? '');
  };

  for (const interaction of asked) {
    const { action, release = '', operation = '', answers, refusals } = interaction;
    it(`answer ${operation}, ${release}: ${action}`, async () => {
      const text = await answered(interaction);
      const which = [...answers, ...refusals, 'MCCI_IN010000UK13'].find((one) =>
        text.includes(`<${one}`),
      );
      assert.ok(which !== undefined, text);
      assert.match(text, /acknowledgement typeCode="A[AE]"/);
      if (text.includes('"AE"')) assert.match(text, /justifyingDetectedIssueEvent/);
    });
  }
});
