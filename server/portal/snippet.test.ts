import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { languages } from './snippet.ts';
import {
  powershellQuoted,
  quoted,
  shellQuoted,
  singleQuoted,
  type CallPlan,
} from './snippet-parts.ts';

const plan = (access: CallPlan['access'], more: Partial<CallPlan> = {}): CallPlan => ({
  ...{ method: 'POST', url: 'https://api.example/a%20b?q=1', body: '{"a":"it\'s $HOME"}', access },
  headers: [['Content-Type', 'application/json']],
  ...more,
});

const accesses: readonly CallPlan['access'][] = [
  { kind: 'none' },
  { kind: 'key', header: 'apikey' },
  { kind: 'app', tokenUrl: 'https://api.example/oauth2/token' },
  {
    kind: 'user',
    tokenUrl: 'https://api.example/oauth2/token',
    authorizeUrl: 'https://api.example/oauth2/authorize',
    provider: 'nhs-cis2',
  },
  { kind: 'certificate' },
];

/** Texts that would break out of literals, were they put in as they are. */
const hostile = [
  `'; rm -rf / #`,
  `"; system("id"); //`,
  '$(id) `id` ${x} #{x} %{x} \\',
  '\\u0022; x',
  'a\nb\r\nc\td',
  '\u2018; id \u2019 \u201a \u201b',
  '</pre><script>',
  '\u2028\u2029\u0085',
];

describe('snippets', () => {
  it('are there in nine languages, each with its steps of authorisation', () => {
    assert.equal(languages.length, 9);
    for (const language of languages)
      for (const access of accesses) {
        const text = language.write(plan(access));
        assert.ok(text.includes('https://api.example/a%20b?q=1'), language.id);
        if (access.kind === 'app' || access.kind === 'user')
          assert.ok(text.includes('https://api.example/oauth2/token'), language.id);
        if (access.kind === 'app') assert.match(text, /RS512/, language.id);
        if (access.kind === 'user') assert.match(text, /oauth2\/authorize\?/, language.id);
        if (access.kind === 'key') assert.match(text, /put-your-api-key-here/, language.id);
        if (access.kind === 'certificate')
          assert.match(text, /client-certificate\.pem/, language.id);
        assert.doesNotMatch(text, /undefined|\[object/, language.id);
      }
  });

  it('keep what a document says inside its quotes', () => {
    for (const text of [hostile.join(' ')]) {
      assert.equal(execFileSync('sh', ['-c', `printf %s ${shellQuoted(text)}`]).toString(), text);
      assert.equal(JSON.parse(quoted(text)), text);
      assert.match(singleQuoted(text), /^'(?:[^'\\]|\\[\\'])*'$/);
      assert.match(
        powershellQuoted(text),
        /^'(?:[^'\u2018\u2019\u201a\u201b]|(['\u2018\u2019\u201a\u201b])\1)*'$/,
      );
    }
  });

  it('run as nothing but what they are, whatever a document says', () => {
    const made = plan({ kind: 'none' }, { body: hostile.join(' ') });
    const texts = new Map(languages.map((one) => [one.id, one.write(made)]));
    execFileSync('node', ['--input-type=module', '--check', '-'], {
      input: texts.get('javascript'),
    });
    execFileSync('sh', ['-n'], { input: texts.get('curl') });
  });
});
