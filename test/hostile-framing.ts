/** Requests whose framing is wrong, dangerous or merely old: what a parser must refuse, or survive. Data only. */

/** `refused`: 4xx or a closed connection, and nothing passed on. `served`: one answer that is no refusal of the framing. */
export interface HostileFraming {
  readonly name: string;
  readonly bytes: string;
  readonly expect: 'refused' | 'served';
}

const path = '/personal-demographics/FHIR/R4/Patient/9000000009';
const id = 'x-request-id: 60e0b220-8136-4ca5-ae46-1d97ef59d068\r\n';
const host = 'host: localhost\r\n';
const close = 'connection: close\r\n';
const get = `GET ${path} HTTP/1.1\r\n${host}${id}${close}`;
const post = `POST /personal-demographics/FHIR/R4/Patient HTTP/1.1\r\n${host}${id}${close}content-type: application/json\r\n`;
/** A second request hidden in the first one's body. */
const smuggled = `GET /_sandbox/scenarios HTTP/1.1\r\n${host}${close}\r\n`;

const refused: Readonly<Record<string, string>> = {
  'a length together with chunked': `${post}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  'chunked together with a length': `${post}transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n${smuggled}`,
  'two lengths that differ': `${post}content-length: 2\r\ncontent-length: 40\r\n\r\n{}${smuggled}`,
  'two lengths that agree': `${post}content-length: 2\r\ncontent-length: 2\r\n\r\n{}`,
  'two lengths in one field': `${post}content-length: 2, 3\r\n\r\n{}`,
  'a negative length': `${post}content-length: -1\r\n\r\n{}`,
  'a length with a sign': `${post}content-length: +2\r\n\r\n{}`,
  'a length in hexadecimal': `${post}content-length: 0x2\r\n\r\n{}`,
  'a length with a point': `${post}content-length: 2.0\r\n\r\n{}`,
  'a length beyond all numbers': `${post}content-length: 99999999999999999999999\r\n\r\n{}`,
  'an empty length': `${post}content-length:\r\n\r\n{}`,
  'chunked twice': `${post}transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n`,
  'chunked and then something else': `${post}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  'an unknown coding alone': `${post}transfer-encoding: gzip\r\n\r\n0\r\n\r\n`,
  'chunked with a vertical tab': `${post}transfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n`,
  'a chunk size that is no number': `${post}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
  'a negative chunk size': `${post}transfer-encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n`,
  'a chunk size beyond all numbers': `${post}transfer-encoding: chunked\r\n\r\nfffffffffffffffffffff\r\n{}\r\n`,
  'a chunk longer than its size': `${post}transfer-encoding: chunked\r\n\r\n1\r\n{}{}\r\n0\r\n\r\n`,
  'a chunk extension without end': `${post}transfer-encoding: chunked\r\n\r\n2;${'a'.repeat(50_000)}\r\n{}\r\n0\r\n\r\n`,
  'chunks ended by bare line feeds': `${post}transfer-encoding: chunked\r\n\r\n2\n{}\n0\n\n`,
  'a space before the colon': `${get}x-a : b\r\n\r\n`,
  'a space before the first field': `GET ${path} HTTP/1.1\r\n ${host}${id}\r\n`,
  'a folded field': `${get}x-a: b\r\n c\r\n\r\n`,
  'a field without a colon': `${get}nonsense\r\n\r\n`,
  'a field without a name': `${get}: x\r\n\r\n`,
  'a NUL in a field': `${get}x-a: b\0c\r\n\r\n`,
  'a NUL in a name': `${get}x\0a: b\r\n\r\n`,
  'a NUL in the path': `GET ${path}\0 HTTP/1.1\r\n${host}${close}\r\n`,
  'a bare carriage return in a field': `${get}x-a: b\rc\r\n\r\n`,
  'a control character in a field': `${get}x-a: \x01\r\n\r\n`,
  'lines ended by bare line feeds': `GET ${path} HTTP/1.1\n${host}${close}\n`,
  'no Host': `GET ${path} HTTP/1.1\r\n${id}${close}\r\n`,
  'two Hosts': `${get}host: elsewhere\r\n\r\n`,
  'two Hosts that agree': `${get}${host}\r\n`,
  'a lower-case method': `get ${path} HTTP/1.1\r\n${host}${close}\r\n`,
  'an unknown method': `FROBNICATE ${path} HTTP/1.1\r\n${host}${close}\r\n`,
  'a method of 10,000 letters': `${'A'.repeat(10_000)} ${path} HTTP/1.1\r\n${host}${close}\r\n`,
  'no version': `GET ${path}\r\n\r\n`,
  'version 0.9 named': `GET ${path} HTTP/0.9\r\n${host}\r\n`,
  'version 2.0 in text': `GET ${path} HTTP/2.0\r\n${host}${close}\r\n`,
  'version 1.10': `GET ${path} HTTP/1.10\r\n${host}${close}\r\n`,
  'the preface of version 2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'another protocol name': `GET ${path} HTPP/1.1\r\n${host}${close}\r\n`,
  'bytes beyond ASCII in the path': `GET ${path}\xff\xfe HTTP/1.1\r\n${host}${close}\r\n`,
  'a space in the path': `GET ${path} x HTTP/1.1\r\n${host}${close}\r\n`,
  'a TLS hello': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'a letter of SMTP': 'EHLO localhost\r\n',
  'bytes of nothing': '\xff\xfe\xfd\x00\x01\x02\r\n\r\n',
  'a path of 100 KB': `GET ${path}?family=${'a'.repeat(100_000)} HTTP/1.1\r\n${host}${close}\r\n`,
  'a field of 100 KB': `${get}x-a: ${'a'.repeat(100_000)}\r\n\r\n`,
  'a name of 100 KB': `${get}${'a'.repeat(100_000)}: b\r\n\r\n`,
  '10,000 fields': `${get}${'x-a: b\r\n'.repeat(10_000)}\r\n`,
  'CONNECT to elsewhere': `CONNECT elsewhere:443 HTTP/1.1\r\n${host}\r\n`,
  'an expectation nobody can meet': `${get}expect: 200-maybe\r\n\r\n`,
};

const served: Readonly<Record<string, string>> = {
  'absolute form': `GET http://localhost${path} HTTP/1.1\r\n${host}${id}${close}\r\n`,
  'a wish for another protocol': `GET ${path} HTTP/1.1\r\n${host}${id}connection: close, Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n`,
  'a wish for a web socket': `GET ${path} HTTP/1.1\r\n${host}${id}connection: close, Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n`,
  'version 1.0': `GET ${path} HTTP/1.0\r\n${host}${id}\r\n`,
  'an empty line in front': `\r\n${get}\r\n`,
  'a star for a path': `OPTIONS * HTTP/1.1\r\n${host}${close}\r\n`,
  'a body with GET': `${get}content-length: 2\r\n\r\n{}`,
  'the same field a hundred times': `${get}${'x-a: b\r\n'.repeat(100)}\r\n`,
  'empty fields': `${get}x-a:\r\nx-b: \r\n\r\n`,
  'letters beyond ASCII in a field': `${get}x-a: \xe9\xff\r\n\r\n`,
};

export const framings: readonly HostileFraming[] = [
  ...Object.entries(refused).map(([name, bytes]) => ({ name, bytes, expect: 'refused' as const })),
  ...Object.entries(served).map(([name, bytes]) => ({ name, bytes, expect: 'served' as const })),
];
