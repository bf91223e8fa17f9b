import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { apiFromNothing } from '../first-document.ts';
import type { OpenApiDocument } from './document.ts';
import { judgeForPublishing } from './judge.ts';
import { readOpenApi } from './read.ts';

const sound = () =>
  apiFromNothing({ id: 'hi', title: 'Hi', description: 'Says hi.', contact: 'hi@example.com' });

/** The sound document with a text of its JSON replaced by another. */
const changed = (from: string, to: string): OpenApiDocument => {
  const text = JSON.stringify(sound());
  assert.ok(text.includes(from), from);
  return readOpenApi(text.replace(from, to)).document;
};

describe('judging a document for publishing', () => {
  it('finds nothing in the one that is made from nothing', () => {
    assert.deepEqual(judgeForPublishing(readOpenApi(JSON.stringify(sound())).document), {
      fit: true,
      score: 100,
      reasons: [],
      waived: [],
    });
  });

  it('finds our own PDS document fit', () => {
    const text = readFileSync(new URL('../../../fhir/pds/openapi.json', import.meta.url), 'utf8');
    const { fit, score } = judgeForPublishing(readOpenApi(text).document);
    assert.ok(fit && score >= 90, String(score));
  });

  for (const [rule, from, to, fit] of [
    ['title', '"title":"Hi"', '"title":""', false],
    ['version', '"version":"0.1.0"', '"version":"<VERSION>"', false],
    ['description', '"description":"Says hi."', '"description":" "', false],
    ['contact', '"contact":{"email":"hi@example.com"}', '"x-c":1', true],
    ['servers', '"servers":[{"url":"/hi"}]', '"servers":[]', true],
    ['operation-id', '"operationId":"hello",', '', true],
    [
      'operation-id-unique',
      '"paths":{',
      '"paths":{"/other":{"post":{"operationId":"hello"}},',
      false,
    ],
    ['operation-summary', '"summary":"Say hello",', '', true],
    ['operation-tags', '"tags":["hello"],', '', true],
    ['success-response', '"200":', '"499":', false],
    ['security', '"security":[{"key":[]}],', '', false],
    ['security-scheme', '"security":[{"key":[]}]', '"security":[{"lock":[]}]', false],
    ['paths-unique', '"paths":{', '"paths":{"/a/{b}":{},"/a/{c}":{},', false],
    ['path-parameters', '"/hello"', '"/hello/{who}"', false],
    ['parameter-description', '"description":"Whom to greet",', '', true],
    ['response-description', '"description":"The greeting","content"', '"content"', true],
    [
      'content-schema',
      '"application/json":{"schema":{"$ref":"#/components/schemas/Greeting"},',
      '"application/json":{',
      true,
    ],
    ['content-example', '"examples":{"hello":', '"x-e":{"hello":', true],
    ['examples-fit', '"message":"Hello world!"', '"message":7', false],
    [
      'no-empty-description',
      '"description":"Shows that the API answers"',
      '"description":""',
      true,
    ],
    ['no-script', 'Says hi.', 'Says <script>hi</script>', false],
    ['no-script', 'Says hi.', '[hi](javascript:alert)', false],
    ['no-script', 'Says hi.', '<img src=x onerror=\\"hi()\\">', false],
    ['no-remote-references', '#/components/schemas/Refusal', 'https://example.com/x.json', false],
  ] as const)
    it(`says so when ${rule} does not hold (${to.slice(0, 40)})`, () => {
      const judged = judgeForPublishing(changed(from, to));
      const reason = judged.reasons.find((one) => one.rule === rule);
      assert.ok(reason?.path.startsWith('/'), JSON.stringify(judged.reasons));
      assert.equal(judged.fit, fit);
      assert.ok(judged.score < 100);
    });

  it('is not fit below 90 percent', () => {
    const bare = readOpenApi(
      'openapi: 3.0.0\ninfo: { title: A, version: 1.0.0, description: B }\nsecurity: []\npaths: { /a: { get: { responses: { 200: { description: ok } } } } }',
    );
    const { fit, score, reasons } = judgeForPublishing(bare.document);
    assert.deepEqual([fit, reasons.some(({ required }) => required)], [false, false]);
    assert.ok(score < 90, String(score));
  });

  it('takes waivers with a reason, but none of what keeps readers safe', () => {
    const waive = (rule: string, reason: string) =>
      `"x-gatehouse":{"waivers":[{"rule":"${rule}","reason":"${reason}"}],`;
    const judge = (rule: string, reason: string, from: string, to: string) =>
      judgeForPublishing(
        readOpenApi(
          JSON.stringify(changed(from, to)).replace('"x-gatehouse":{', waive(rule, reason)),
        ).document,
      );
    const version = ['"version":"0.1.0"', '"version":"next"'] as const;
    const waived = judge('version', 'counted elsewhere', ...version);
    assert.deepEqual([waived.fit, waived.score], [true, 100]);
    assert.deepEqual(waived.waived, [{ rule: 'version', reason: 'counted elsewhere', places: 1 }]);
    assert.equal(judge('version', '', ...version).fit, false);
    assert.equal(judge('no-script', 'we like it', 'Says hi.', '<script>').fit, false);
  });
});
