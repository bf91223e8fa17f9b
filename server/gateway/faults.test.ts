import assert from 'node:assert/strict';
import type { Exchange, Reply } from '../../core/exchange.ts';
import { Problem, problemKinds } from '../../core/problem.ts';
import {
  attributeOf,
  childElements,
  childNamed,
  parseXml,
  textOf,
  usualXmlLimits,
  type XmlElement,
} from '../../core/xml.ts';
import { exchangeFor } from '../../test/exchange-for.ts';
import { edgeOf, faultNames } from './faults.ts';
import { messageIdOf } from './message-id.ts';

const id = '7d9e3f7a-5f0b-4c1e-8b1c-2d8f6f0f8a11';
const render = (
  name: string,
  problem: Problem,
  exchange: Exchange = exchangeFor(),
): Promise<Reply> => edgeOf(name, () => id)(() => Promise.reject(problem))(exchange);
const text = ({ body }: Reply): string => {
  assert.ok(typeof body === 'string');
  return body;
};
const json = (reply: Reply) => JSON.parse(text(reply));
const xml = (reply: Reply) => parseXml(text(reply), usualXmlLimits);
const field = (reply: Reply, name: string) => reply.headers?.[name];
const value = (parent: XmlElement | undefined, ...path: string[]): string | undefined => {
  const found = path.reduce<XmlElement | undefined>(
    (at, name) => at && childNamed(at, name),
    parent,
  );
  return found && attributeOf(found, 'value');
};

const limited = new Problem('throttled', 'Too many for "app"', {
  code: 'TOO_MANY_REQUESTS',
  headers: { 'Retry-After': '7' },
});

describe('faults of the gateway', () => {
  it('are an OperationOutcome for FHIR, throttled with the national coding', async () => {
    const reply = await render('fhir', limited);
    assert.equal(reply.status, 429);
    assert.equal(field(reply, 'content-type'), 'application/fhir+json');
    assert.equal(field(reply, 'retry-after'), '7');
    assert.equal(field(reply, 'x-gatehouse-message-id'), id);
    const coding = [
      {
        system: 'https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode',
        code: 'TOO_MANY_REQUESTS',
      },
    ];
    assert.deepEqual(json(reply), {
      resourceType: 'OperationOutcome',
      id,
      issue: [
        {
          severity: 'error',
          code: 'throttled',
          details: { coding },
          diagnostics: 'Too many for "app"',
        },
      ],
    });
    assert.equal(json(await render('nhs-fhir', limited)).issue[0].code, 'value');
  });

  it('are FHIR XML for a caller that asks for XML, by _format before Accept', async () => {
    const asXml = [
      { headers: { accept: 'application/fhir+xml' } },
      { headers: { accept: 'application/fhir+json;q=0.5, text/xml' } },
      { rawQuery: '_format=xml', headers: { accept: 'application/fhir+json' } },
      { rawQuery: '_format=application/fhir+xml' },
    ];
    for (const asked of asXml) {
      const reply = await render('fhir', limited, exchangeFor(asked));
      assert.equal(field(reply, 'content-type'), 'application/fhir+xml', JSON.stringify(asked));
      const root = xml(reply);
      assert.equal(root.uri, 'http://hl7.org/fhir');
      assert.deepEqual(
        childElements(root).map(({ name }) => name),
        ['id', 'issue'],
      );
      assert.equal(value(root, 'id'), id);
      assert.equal(value(root, 'issue', 'code'), 'throttled');
      assert.equal(value(root, 'issue', 'details', 'coding', 'code'), 'TOO_MANY_REQUESTS');
      assert.equal(value(root, 'issue', 'diagnostics'), 'Too many for "app"');
    }
    const asJson = [
      {},
      { headers: { accept: '*/*' } },
      { headers: { accept: 'application/fhir+json, application/fhir+xml' } },
      { headers: { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' } },
      { rawQuery: '_format=json', headers: { accept: 'application/fhir+xml' } },
    ];
    for (const asked of asJson)
      assert.equal(
        field(await render('fhir', limited, exchangeFor(asked)), 'content-type'),
        'application/fhir+json',
        JSON.stringify(asked),
      );
  });

  it('are problem details elsewhere, of the registered type and with the violated policy for a limit', async () => {
    const facts = { people: [], limit: 'app' };
    const reply = await render('rest', limited, exchangeFor({ facts }));
    assert.equal(field(reply, 'content-type'), 'application/problem+json');
    assert.deepEqual(json(reply), {
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      title: 'Request cannot be satisfied as assigned quota has been exceeded',
      status: 429,
      detail: 'Too many for "app"',
      instance: `urn:uuid:${id}`,
      code: 'TOO_MANY_REQUESTS',
      'violated-policies': ['app'],
    });
    const missing = json(await render('problem', new Problem('not-found', 'Nothing here')));
    assert.equal(missing.type, 'urn:gatehouse:problem:not-found');
    assert.equal(missing.title, 'Not Found');
    const headers = { accept: 'application/problem+xml' };
    const asXml = await render('rest', limited, exchangeFor({ facts, headers }));
    const policies = childNamed(xml(asXml), 'violated-policies', 'urn:ietf:rfc:7807');
    assert.deepEqual(policies && childElements(policies).map(textOf), ['app']);
  });

  it('are SOAP 1.1 faults, with status 500 for what HTTP has no word for', async () => {
    const reply = await render('soap', new Problem('invalid', 'No action', { code: 'NO_ACTION' }));
    assert.equal(reply.status, 500);
    assert.equal(field(reply, 'content-type'), 'text/xml');
    const root = xml(reply);
    assert.equal(root.uri, 'http://schemas.xmlsoap.org/soap/envelope/');
    const fault = childElements(root).flatMap(childElements)[0];
    assert.ok(fault?.name === 'Fault');
    assert.deepEqual(
      childElements(fault).map((one) => [one.name, one.uri, textOf(one)]),
      [
        ['faultcode', '', 'soap:Client'],
        ['faultstring', '', 'No action'],
        ['detail', '', ''],
      ],
    );
    const detail = childNamed(fault, 'detail');
    assert.deepEqual(detail && childElements(detail).flatMap(childElements).map(textOf), [
      'invalid',
      'NO_ACTION',
      id,
    ]);
    const later = await render('soap', limited);
    assert.equal(later.status, 429);
    assert.equal(field(later, 'retry-after'), '7');
    assert.ok(text(later).includes('soap:Server'));
  });

  it('are SOAP 1.2 faults for a request of that version', async () => {
    const exchange = exchangeFor({
      headers: { 'content-type': 'application/soap+xml; charset=utf-8; action="x"' },
    });
    const reply = await render('soap', new Problem('invalid', 'No action'), exchange);
    assert.equal(reply.status, 400);
    assert.equal(field(reply, 'content-type'), 'application/soap+xml');
    const uri = 'http://www.w3.org/2003/05/soap-envelope';
    const fault = childElements(xml(reply)).flatMap(childElements)[0];
    assert.ok(fault?.uri === uri);
    assert.deepEqual(
      childElements(fault).map(({ name }) => name),
      ['Code', 'Reason', 'Detail'],
    );
    assert.equal((await render('soap', new Problem('internal', 'x'), exchange)).status, 500);
  });

  it('are OAuth errors, in the characters that those may have', async () => {
    const reply = await render('oauth', new Problem('unauthenticated', 'No "such" \\client é'));
    assert.equal(reply.status, 401);
    assert.equal(field(reply, 'cache-control'), 'no-store');
    assert.equal(field(reply, 'www-authenticate'), 'Bearer');
    assert.deepEqual(json(reply), {
      error: 'invalid_client',
      error_description: "No 'such' /client ?",
      message_id: id,
    });
    const own = await render('oauth', new Problem('invalid', 'x', { code: 'invalid_grant' }));
    assert.equal(json(own).error, 'invalid_grant');
    assert.equal(json(await render('oauth', limited)).error, 'temporarily_unavailable');
  });

  it('reflect nothing unescaped, whatever a message holds', async () => {
    const hostile = new Problem('invalid', '</diagnostics><script>&"\0\uD800\u001B]]>', {
      code: '<code>',
    });
    for (const name of faultNames)
      for (const headers of [{}, { accept: 'application/xml' }]) {
        const reply = await render(name, hostile, exchangeFor({ headers }));
        const type = String(field(reply, 'content-type'));
        assert.equal(field(reply, 'x-content-type-options'), 'nosniff');
        if (!type.includes('xml')) json(reply);
        else {
          assert.ok(!text(reply).includes('<script>'));
          assert.ok(JSON.stringify(xml(reply)).includes('<script>&'), 'it is text');
        }
      }
  });

  it('have a form for every kind and every name, and no body for HEAD', async () => {
    for (const name of faultNames)
      for (const kind of problemKinds) {
        const reply = await render(name, new Problem(kind, 'x'));
        assert.ok(reply.status >= 400 && text(reply).includes(id), `${name} ${kind}`);
        const head = await render(name, new Problem(kind, 'x'), exchangeFor({ method: 'HEAD' }));
        assert.equal(head.status, reply.status);
        assert.equal(head.body, undefined);
      }
  });

  it('say nothing of an error that is none of ours, and leave its code in the facts', async () => {
    const exchange = exchangeFor();
    const edge = edgeOf('fhir', () => id);
    const reply = await edge(() => Promise.reject(new Error('secret detail')))(exchange);
    assert.equal(reply.status, 500);
    assert.ok(!JSON.stringify(reply).includes('secret'));
    assert.equal(json(reply).issue[0].details.coding[0].code, 'UNKNOWN_ERROR');
    assert.equal(exchange.facts.code, 'internal');
    assert.equal(
      messageIdOf(exchange, () => 'another'),
      id,
      'one id for one call',
    );
  });

  it('let answers through as they are, and refuse a form that is none', async () => {
    const reply: Reply = { status: 404, body: 'from the back end' };
    assert.equal(await edgeOf('soap')(() => Promise.resolve(reply))(exchangeFor()), reply);
    assert.throws(() => edgeOf('constructor'), { kind: 'invalid' });
  });
});
