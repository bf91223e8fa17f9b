import assert from 'node:assert/strict';
import { Problem } from '../../../core/problem.ts';
import { readOpenApi } from './read.ts';

const soap11 = 'xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"';
const soap12 = 'xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/"';
const head = `<?xml version="1.0"?>\n<definitions name="Wards" targetNamespace="urn:wards" xmlns:tns="urn:wards" xmlns="http://schemas.xmlsoap.org/wsdl/" ${soap11} ${soap12}>`;
const type = `<portType name="WardsType">
  <operation name="FindWard"><documentation>Finds a  ward.</documentation></operation>
  <operation name="CloseWard"/>
</portType>`;
const binding = (prefix: string) => `<binding name="${prefix}-binding" type="tns:WardsType">
  <${prefix}:binding transport="http://schemas.xmlsoap.org/soap/http"/>
  <operation name="FindWard"><${prefix}:operation soapAction="urn:wards:Find"/></operation>
  <operation name="CloseWard"><${prefix}:operation soapAction="urn:wards:Close"/></operation>
</binding>`;
const port = (prefix: string, address: string) =>
  `<port name="${prefix}-port" binding="tns:${prefix}-binding"><${prefix}:address location="${address}"/></port>`;
const service = (...ports: string[]) =>
  `<service name="WardService"><documentation>Wards of a hospital</documentation>${ports.join('')}</service>`;
const whole = (...parts: string[]) => `${[head, ...parts].join('\n')}\n</definitions>`;

describe('a WSDL', () => {
  it('becomes a document with address, operations and SOAPAction of each port', () => {
    const { document, warnings } = readOpenApi(
      whole(
        '<import namespace="urn:types" location="http://127.0.0.1:1/types.wsdl"/>',
        ...[type, binding('soap'), binding('soap12')],
        service(
          port('soap', 'https://a.example/services/wards'),
          port('soap12', 'https://a.example/services/wards'),
          port('soap', 'https://a.example/services/old/wards'),
        ),
      ),
    );
    assert.equal(document.info.title, 'WardService');
    assert.equal(document.info.description, 'Wards of a hospital');
    assert.deepEqual(document.servers, [{ url: 'https://a.example/services' }]);
    assert.deepEqual(Object.keys(document.paths), ['/wards', '/old/wards']);
    const { post } = document.paths['/wards'] as { post: Record<string, unknown> };
    assert.deepEqual(post['x-soap'], {
      versions: ['1.1', '1.2'],
      operations: [
        { name: 'FindWard', action: 'urn:wards:Find' },
        { name: 'CloseWard', action: 'urn:wards:Close' },
      ],
    });
    assert.match(String(post.description), /- FindWard: Finds a ward\.\n- CloseWard/);
    const { content } = post.requestBody as { content: object };
    assert.deepEqual(Object.keys(content), ['text/xml', 'application/soap+xml']);
    assert.ok(warnings.some((one) => one.includes('messages and types are not')));
    assert.ok(warnings.some((one) => one.startsWith('1 import')));
  });

  it('may have its only port at the root of a host', () => {
    const { document } = readOpenApi(
      whole(type, binding('soap'), service(port('soap', 'http://a.example'))),
    );
    assert.deepEqual(document.servers, [{ url: 'http://a.example' }]);
    assert.deepEqual(Object.keys(document.paths), ['/']);
  });

  for (const [name, text, why] of [
    ['cut off', head, /^line \d+: refused as XML: syntax/],
    ['a DOCTYPE', `<!DOCTYPE a [<!ENTITY b "c">]>${whole()}`, /^line \d+: refused as XML: doctype/],
    ['other XML', '<a/>', /is no WSDL 1\.1/],
    ['WSDL 2.0', '<description xmlns="http://www.w3.org/ns/wsdl"/>', /WSDL 2\.0 is not read/],
    ['no port', whole(type), /no port for SOAP over HTTP/],
    [
      'a port elsewhere than HTTP',
      whole(binding('soap'), service(port('soap', 'jms:queue:x'))),
      /no port for SOAP over HTTP/,
    ],
    [
      'too many ports',
      whole(service(...Array.from({ length: 101 }, () => port('soap', 'http://a.example/x')))),
      /more than 100 ports/,
    ],
    ['too deep', whole('<a>'.repeat(200)), /refused as XML: depth/],
  ] as const)
    it(`is refused: ${name}`, () => {
      assert.throws(
        () => readOpenApi(text),
        (error) => error instanceof Problem && error.kind === 'invalid' && why.test(error.message),
      );
    });
});
