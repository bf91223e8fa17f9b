/**
 * Role assertions that are not what they seem, sent over real sockets to whoever judges them: each is refused by the rule it
 * breaks, and what is read of a good one is only what was signed.
 */
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { SignedXml } from 'xml-crypto';
import type { XmlElement } from '../core/xml.ts';
import { systemClock, type Clock } from '../core/clock.ts';
import { randomKey } from '../server/key-files.ts';
import { ssoKeys } from '../server/sso-keys.ts';
import { audienceOf, type AssertedRole } from '../spine/sso/role-assertion.ts';
import { roleAssertionResponse, type AssertionOrder } from '../spine/sso/role-assertion-write.ts';
import { signAssertion } from '../spine/sso/saml-signature.ts';
import { call, startTestPlatform, type Answer, type TestPlatform } from './start-platform.ts';

const asid = '200000000205';
const signatureUri = 'http://www.w3.org/2000/09/xmldsig#';
const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#';

const role: AssertedRole = {
  ...{ id: '555254240108', odsCode: 'Y90001', organisation: 'Rose Lane Surgery' },
  jobRole: '"Medical and Dental":"General Medicine":"General Medical Practitioner"',
  ...{ jobRoleCode: 'S0010:G0020:R0260', activities: ['B0020'], workgroups: [], areas: [] },
};

describe('a role assertion', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  let time: number;
  let pem: string;
  before(async () => {
    time = Date.now();
    const clock: Clock = { ...systemClock, now: () => time };
    platform = await startTestPlatform({ clock });
    const secret = randomKey(`${platform.dataDir}/keys/sealing.key`);
    ({ pem } = await ssoKeys(platform.store, secret).signing());
  });
  after(() => platform.end());

  const response = (change: Partial<AssertionOrder> = {}): XmlElement =>
    roleAssertionResponse({
      ...{ id: 'a1', innerId: 'a2', issuer: `${platform.url}/saml`, now: time },
      ...{ authenticated: time, audience: audienceOf(asid), ticket: 'AQIC5w#' },
      ...{ address: '127.0.0.1', userId: '656005750108', name: 'Mercer Ines', mode: '1' },
      ...{ roles: [role, { ...role, id: '2', jobRoleCode: 'S8000:G8000:R8003' }] },
      ...{ selected: role.id, ...change },
    });
  const signed = (change?: Partial<AssertionOrder>, key = pem) =>
    signAssertion(response(change), key);
  const check = (xml: string): Promise<Answer> =>
    call(`${platform.url}/user-context/check`, {
      method: 'POST',
      headers: { 'nhsd-asid': asid, 'content-type': 'text/xml' },
      body: xml,
    });
  const refused = async (xml: string, rule: string): Promise<string> => {
    const answer = await check(xml);
    assert.equal(answer.status, 403, answer.text);
    assert.equal(answer.json.code, 'ROLE_ASSERTION');
    const { detail } = answer.json as { detail: string };
    assert.match(detail, new RegExp(`by the rule ${rule}: expected .+, found `));
    assert.doesNotMatch(answer.text, /656005750108|Mercer|evil/, 'nothing of it is told');
    return detail;
  };
  /** Puts text in front of, or in the place of, what stands once. */
  const replaced = (xml: string, found: string | RegExp, by: string) => {
    const changed = xml.replace(found, by);
    assert.notEqual(changed, xml, `${String(found)} is there`);
    return changed;
  };
  const cut = (xml: string, from: string, to: string): [string, string, string] => {
    const start = xml.indexOf(from);
    const end = xml.lastIndexOf(to) + to.length;
    assert.ok(start >= 0 && end > start);
    return [xml.slice(0, start), xml.slice(start, end), xml.slice(end)];
  };

  it('is read when it is good: person, selected role and all others', async () => {
    const answer = await check(signed());
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.valid, true);
    assert.equal(answer.json.role.jobRoleCode, 'S0010:G0020:R0260');
    assert.deepEqual(answer.json.roles, ['555254240108', '2']);
  });

  it('names whom it was sent to as the schema wants it: by a URI reference', () => {
    for (const [address, recipient] of [
      ['127.0.0.1', '127.0.0.1'],
      ['::ffff:192.0.2.7', '192.0.2.7'],
      ['2001:db8::7', '//[2001:db8::7]'],
    ] as const)
      assert.ok(signed({ address }).includes(` Recipient="${recipient}"`), address);
  });

  it('is refused unsigned, changed, or signed by another', async () => {
    const good = signed();
    const [before, , behind] = cut(good, '<ds:Signature', '</ds:Signature>');
    assert.match(await refused(before + behind, 'signature'), /found none/);
    await refused(replaced(good, 'R0260', 'R8000'), 'signature');
    await refused(replaced(good, /<ds:SignatureValue>./, '<ds:SignatureValue>_'), 'signature');
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    await refused(signed({}, privateKey), 'signature');
  });

  it('is refused when a signature is wrapped around it, wherever the signed one is hidden', async () => {
    const good = signed();
    const [head, assertion, tail] = cut(good, '<saml:Assertion', '</saml:Assertion>');
    const [before, signature, behind] = cut(assertion, '<ds:Signature', '</ds:Signature>');
    const evil = (before + behind).replaceAll('R0260', 'R8000').replaceAll('"a1"', '"evil"');
    const within = (xml: string, part: string) =>
      replaced(xml, '</saml:AttributeStatement>', `</saml:AttributeStatement>${part}`);
    const hidden = `<saml:Advice xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion">${assertion}</saml:Advice>`;
    const wrapped = [
      head + evil + assertion + tail,
      head + assertion + evil + tail,
      head + within(evil, hidden) + tail,
      head + within(evil, signature) + tail,
      head +
        within(
          evil,
          replaced(
            signature,
            '</ds:Signature>',
            `<ds:Object>${before + behind}</ds:Object></ds:Signature>`,
          ),
        ) +
        tail,
      replaced(
        head,
        '<samlp:Status>',
        `<samlp:Extensions>${assertion}</samlp:Extensions><samlp:Status>`,
      ) +
        evil +
        tail,
      head + evil.replaceAll('"evil"', '"a1"') + signature + tail,
      head + replaced(evil, '<saml:Subject>', `<saml:Subject>${signature}`) + tail,
    ];
    for (const xml of wrapped) await refused(xml, '(assertion|signature|reference|identifier)');
  });

  it('is refused with two of it, even if both are good', async () => {
    const [head, assertion, tail] = cut(signed(), '<saml:Assertion', '</saml:Assertion>');
    assert.match(await refused(head + assertion + assertion + tail, 'assertion'), /several/);
    assert.match(await refused(head + tail, 'assertion'), /none/);
  });

  it('is refused with one id twice, under any name of an attribute', async () => {
    for (const [found, by] of [
      ['AssertionID="a2"', 'AssertionID="a1"'],
      ['<saml:SubjectLocality', '<saml:SubjectLocality ID="a1"'],
      ['<samlp:Status>', '<samlp:Status id="a1">'],
    ] as const)
      await refused(replaced(signed(), found, by), 'identifier');
  });

  it('is read whole where comments or CDATA cut its values', async () => {
    const whole = await check(replaced(signed(), 'G0020:R0260', 'G0020<!-- evil -->:R0260'));
    assert.equal(whole.status, 200, 'what was signed is the value without the comment');
    assert.equal(whole.json.role.jobRoleCode, 'S0010:G0020:R0260');
    const data = await check(replaced(signed(), 'G0020:R0260', '<![CDATA[G0020]]>:R0260'));
    assert.equal(data.json.role.jobRoleCode, 'S0010:G0020:R0260');
    const more = signed({ userId: '656005750108', name: 'Mercer Ines' });
    await refused(replaced(more, 'uid=656005750108,', 'uid=6560057501<?evil?>08,x'), 'signature');
  });

  it('is refused with an algorithm that is not listed, HMAC with the public key among them', async () => {
    const open = createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString();
    const hmac = new SignedXml({ idAttribute: 'AssertionID', privateKey: open });
    hmac.enableHMAC();
    hmac.signatureAlgorithm = `${signatureUri}hmac-sha1`;
    hmac.canonicalizationAlgorithm = exclusive;
    hmac.addReference({
      xpath: "/*/*[local-name(.)='Assertion']",
      transforms: [`${signatureUri}enveloped-signature`, exclusive],
      digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha256',
    });
    const [head, assertion, tail] = cut(signed(), '<saml:Assertion', '</saml:Assertion>');
    const [before, , behind] = cut(assertion, '<ds:Signature', '</ds:Signature>');
    hmac.computeSignature(head + before + behind + tail, {
      ...{ prefix: 'ds', location: { reference: "/*/*[local-name(.)='Assertion']" } },
    });
    assert.match(await refused(hmac.getSignedXml(), 'algorithm'), /hmac-sha1/);
    const transforms = /<ds:Transform Algorithm="[^"]*enveloped-signature"\/>/;
    const xslt = 'http://www.w3.org/TR/1999/REC-xslt-19991116';
    for (const [found, by] of [
      ['xmldsig-more#rsa-sha256', 'xmldsig-more#rsa-md5'],
      [/http:[^"]*rsa-sha256/, `${signatureUri}rsa-sha1`],
      ['xmlenc#sha256', 'xmlenc#md5'],
      [
        /CanonicalizationMethod Algorithm="[^"]*"/,
        `CanonicalizationMethod Algorithm="${exclusive}WithComments"`,
      ],
      [transforms, `<ds:Transform Algorithm="${xslt}"/>`],
    ] as const)
      await refused(replaced(signed(), found, by), 'algorithm');
    await refused(replaced(signed(), transforms, ''), 'signature');
    const prefixes = `<ec:InclusiveNamespaces xmlns:ec="${exclusive}" PrefixList="saml"/>`;
    await refused(
      replaced(signed(), /(<ds:SignatureMethod [^>]*)\/>/, `$1>${prefixes}</ds:SignatureMethod>`),
      'algorithm',
    );
  });

  it('is refused with a reference to anything but itself', async () => {
    for (const uri of ['', '#a2', 'http://127.0.0.1:1/evil', '#xpointer(/)', "#a1' or '1'='1"]) {
      const xml = replaced(signed(), 'URI="#a1"', `URI="${uri}"`);
      const detail = await refused(xml, 'reference');
      assert.doesNotMatch(detail, /127\.0\.0\.1|xpointer/);
    }
    const [, one] = cut(signed(), '<ds:Reference', '</ds:Reference>');
    await refused(replaced(signed(), '</ds:SignedInfo>', `${one}</ds:SignedInfo>`), 'signature');
  });

  it('never takes the key that it brings along', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    const info = `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>${publicKey.split('\n').slice(1, -2).join('')}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`;
    const withKey = (xml: string) =>
      replaced(xml, '</ds:SignatureValue>', `</ds:SignatureValue>${info}`);
    await refused(withKey(signed({}, privateKey)), 'signature');
    assert.equal((await check(withKey(signed()))).status, 200, 'what it brings is not looked at');
  });

  it('counts in its four minutes, for the system that asked and from the broker that was', async () => {
    await refused(signed({ now: time - 6 * 60_000 }), 'conditions');
    await refused(signed({ now: time + 4 * 60_000 }), 'conditions');
    assert.equal((await check(signed({ now: time - 50_000 }))).status, 200);
    const other = await refused(signed({ audience: audienceOf('200000000115') }), 'audience');
    assert.match(other, /found another/);
    assert.match(await refused(signed({ issuer: 'https://evil.example' }), 'issuer'), /another/);
    await refused(signed({ authenticated: time + 60_000 }), 'authentication');
  });

  it('is refused when its parts do not agree', async () => {
    await refused(signed({ selected: '99' }), 'ssbSessionRoleUid');
    await refused(signed({ roles: [role, role] }), 'ssbSessionRoleUid');
    await refused(signed({ userId: '6560' }), 'uid');
    await refused(signed({ roles: [{ ...role, jobRoleCode: 'evil' }] }), 'nhsJobRoleCode');
    await refused(signed({ roles: [] }), 'ssbSessionRoleUid');
  });

  it('is refused as XML before anything else: entities, depth, size, no SAML at all', async () => {
    const good = signed();
    const bomb = `<!DOCTYPE r [<!ENTITY a "evil"><!ENTITY b "&a;&a;&a;">]>${good}`;
    assert.match(await refused(bomb, 'xml'), /doctype/);
    assert.match(
      await refused(`<!DOCTYPE r SYSTEM "file:///etc/passwd">${good}`, 'xml'),
      /doctype/,
    );
    assert.match(await refused('<a>'.repeat(10_000), 'xml'), /depth/);
    assert.match(await refused(`<a>${'<a/>'.repeat(5_000)}</a>`, 'xml'), /nodes/);
    await refused('evil', 'xml');
    await refused('<Response/>', 'response');
    await refused(replaced(good, 'samlp:Success', 'samlp:Responder'), 'status');
    const large = await check(`<a>${' '.repeat(200_000)}</a>`);
    assert.equal(large.status, 413);
  });
});
