import assert from 'node:assert/strict';
import type { Reply } from '../../../core/exchange.ts';
import { parseXml, usualXmlLimits } from '../../../core/xml.ts';
import { accessGround, configOf, type AccessGround } from '../../../test/access-ground.ts';
import { policyGround, type PolicyGround } from '../../../test/policy-ground.ts';
import { body } from './body.ts';
import { jsonXml } from './json-xml.ts';

const json = { 'content-type': 'application/json' };
const xml = { 'content-type': 'text/xml; charset=utf-8' };
const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

describe('the policy between JSON and XML', () => {
  let access: AccessGround;
  const open: PolicyGround[] = [];
  const ground = async (config: object, answer: () => Reply = () => ({ status: 204 })) => {
    const made = await policyGround({ policies: [access.policy(jsonXml, config)], answer });
    open.push(made);
    return made;
  };
  /** What the back end gets of a body. */
  const inward = async (config: object, headers: Record<string, string>, sent: string) => {
    const made = await ground(config);
    const answer = await made.ask('/', { headers, body: sent });
    assert.equal(answer.status, 204, answer.text);
    return made.seen[0]?.body;
  };
  before(async () => {
    access = await accessGround();
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.end();
  });
  after(() => access.end());

  it('makes XML of JSON: members elements, @ attributes, #text text, lists repeated', async () => {
    const sent = JSON.stringify({
      Order: {
        '@id': 7,
        '@xmlns': 'urn:orders',
        '@xmlns:p': 'urn:people',
        Item: [{ '@n': 1, '#text': 'a<b>&' }, 'two', null],
        'p:Who': { 'p:Name': 'Zoë', '@p:x': true },
        Price: 0,
      },
    }).replace('"Price":0', '"Price":1.50');
    assert.equal(
      await inward({ backend: 'xml' }, json, sent),
      `${declaration}<Order id="7" xmlns="urn:orders" xmlns:p="urn:people"><Item n="1">a&lt;b&gt;&amp;</Item>` +
        '<Item>two</Item><Item/><p:Who p:x="true"><p:Name>Zoë</p:Name></p:Who><Price>1.50</Price></Order>',
    );
  });

  it('puts JSON without a root into one, in a namespace', async () => {
    assert.equal(
      await inward({ backend: 'xml', root: 'r', namespace: 'urn:r' }, json, '{"a":1,"b":{}}'),
      `${declaration}<r xmlns="urn:r"><a>1</a><b/></r>`,
    );
  });

  it('makes JSON of XML, with lists, numbers and true or false where they are declared', async () => {
    const sent = `<o:Order xmlns:o="urn:o" id="1"><!-- no --><Item n="01">a<![CDATA[<b>]]></Item>
      <Price>1.50</Price><Ok>true</Ok><Bad>1,5</Bad><Two>x</Two><Two/></o:Order>`;
    const lists = { arrays: ['/o:Order/Item'], booleans: ['/o:Order/Ok'] };
    const numbers = ['/o:Order/Price', '/o:Order/Bad', '/o:Order/@id'];
    assert.equal(
      await inward({ backend: 'json', ...lists, numbers }, xml, sent),
      '{"o:Order":{"@xmlns:o":"urn:o","@id":1,"Item":[{"@n":"01","#text":"a<b>"}],"Price":1.50,"Ok":true,"Bad":"1,5","Two":["x",""]}}',
    );
    assert.equal(
      await inward(
        { backend: 'json', dropNamespaces: true },
        xml,
        '<o:a xmlns:o="u"><o:b>1</o:b></o:a>',
      ),
      '{"a":{"b":"1"}}',
    );
  });

  it('gives back the same XML that it came from', async () => {
    const sent =
      '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><q xmlns="urn:q" s:must="1"><a>1</a><a>2</a><b/></q></s:Body></s:Envelope>';
    const there = await inward({ backend: 'json' }, xml, sent);
    const back = await inward({ backend: 'xml' }, json, there ?? '');
    const read = (text = '') => parseXml(text, usualXmlLimits);
    assert.deepEqual(read(back), read(sent));
  });

  it('turns answers the other way, and Content-Type and Accept with them', async () => {
    const answer = () => ({ status: 422, headers: xml, body: '<a><b>é</b></a>' });
    const made = await ground({ backend: 'xml', backendType: 'text/xml' }, answer);
    const got = await made.ask('/', {
      headers: { ...json, accept: 'application/json' },
      body: '{"q":1}',
    });
    assert.equal(got.status, 422);
    assert.equal(got.text, '{"a":{"b":"é"}}');
    assert.equal(got.headers['content-type'], 'application/json');
    assert.equal(got.headers['content-length'], '16');
    assert.equal(made.seen[0]?.headers.accept, 'text/xml');
    assert.equal(made.seen[0].headers['content-type'], 'text/xml');
    const other = await ground({ backend: 'json', callerType: 'text/xml' }, () => ({
      status: 200,
      headers: json,
      body: '{"a":[1]}',
    }));
    const back = await other.ask('/');
    assert.equal(back.text, `${declaration}<a>1</a>`);
    assert.equal(back.headers['content-type'], 'text/xml');
    assert.equal(other.seen[0]?.headers.accept, 'application/json');
  });

  it('reads XML in the charset of its media type', async () => {
    const made = await ground({ backend: 'json' });
    const headers = { 'content-type': 'application/xml; charset="ISO-8859-1"' };
    await made.ask('/', { headers, body: Buffer.from('<a>é</a>', 'latin1') });
    assert.equal(made.seen[0]?.body, '{"a":"é"}');
  });

  it('stands next to the back end, so that other policies see what callers speak', async () => {
    const set = [{ pointer: '/q/more', value: 2 }];
    const policies = [access.policy(body, { set }), access.policy(jsonXml, { backend: 'xml' })];
    const made = await policyGround({ policies });
    open.push(made);
    await made.ask('/', { headers: json, body: '{"q":{"a":1}}' });
    assert.equal(made.seen[0]?.body, `${declaration}<q><a>1</a><more>2</more></q>`);
  });

  it('refuses requests that cannot be turned, and quotes nothing of them', async () => {
    const cases: [status: number, headers: object, sent: string][] = [
      [400, json, '{"secret word":1}'],
      [400, json, '{"a":1,"b":2}'],
      [400, json, '{"a":[1,2]}'],
      [400, json, '{"a":[[1]]}'],
      [400, json, '[]'],
      [400, json, '"text"'],
      [400, json, '{"@a":1}'],
      [400, json, '{"a":{"@b":{}}}'],
      [400, json, '{"p:a":1}'],
      [400, json, '{"a":{"@p:b":1}}'],
      [400, json, '{"a":{"@xmlns:p":"","p:b":1}}'],
      [400, json, '{"a":"\\u0001"}'],
      [400, json, '{"a":'],
      [400, json, `${'{"a":'.repeat(70)}1${'}'.repeat(70)}`],
      [413, json, `{"a":"${'x'.repeat(2000)}"}`],
      [415, { 'content-type': 'text/plain' }, 'x'],
    ];
    const made = await ground({ backend: 'xml', limit: 1000, otherTypes: 'refuse' });
    for (const [status, headers, sent] of cases) {
      const answer = await made.ask('/', { headers: { ...headers }, body: sent });
      assert.equal(answer.status, status, `${sent.slice(0, 40)} ${answer.text}`);
      assert.ok(!answer.text.includes('secret'));
    }
    const other = await ground({ backend: 'json', limit: 1000 });
    for (const sent of ['<secret>', '<!DOCTYPE a><a/>', '<a>&e;</a>', '{}', '<a>'.repeat(200)]) {
      const answer = await other.ask('/', { headers: xml, body: sent });
      assert.equal(answer.status, 400, sent.slice(0, 40));
      assert.ok(!answer.text.includes('secret'));
    }
    assert.equal(made.seen.length + other.seen.length, 0);
  });

  it('answers 502 for an answer that cannot be turned, and leaves HEAD and 204 without a body', async () => {
    const made = await ground({ backend: 'xml' }, () => ({
      status: 200,
      headers: xml,
      body: '<a>',
    }));
    assert.equal((await made.ask('/')).status, 502);
    const head = await made.ask('/', { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.headers['content-type'], 'application/json');
    const none = await ground({ backend: 'xml' });
    assert.equal((await none.ask('/')).status, 204);
    const one = await ground({ backend: 'xml', response: false }, () => ({
      ...{ status: 200, headers: xml, body: '<a/>' },
    }));
    assert.equal((await one.ask('/')).text, '<a/>');
  });

  it('cannot be led to a prototype by a name', async () => {
    assert.equal(
      await inward({ backend: 'json' }, xml, '<__proto__><constructor>1</constructor></__proto__>'),
      '{"__proto__":{"constructor":"1"}}',
    );
    assert.throws(() => configOf(jsonXml, { backend: 'yaml' }));
    assert.throws(() => configOf(jsonXml, {}));
  });
});
