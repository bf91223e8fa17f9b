import assert from 'node:assert/strict';
import { html, page, pageReply } from './html.ts';

describe('a page', () => {
  it('escapes every value, in elements and attributes', () => {
    const nasty = `<script>alert("1")</script>'&`;
    const { text } = html`<p title="${nasty}">${nasty}</p>`;
    const escaped = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;';
    assert.equal(text, `<p title="${escaped}">${escaped}</p>`);
  });

  it('takes html inside html as it is, lists too, and nothing for undefined', () => {
    const { text } = html`<ul>${['a', '<b>'].map((one) => html`<li>${one}</li>`)}</ul>${undefined}`;
    assert.equal(text, '<ul><li>a</li>\n<li>&lt;b&gt;</li></ul>');
  });

  it('has a language, a title, a way past the header, one heading', () => {
    const text = page({ title: 'Sign in', content: html`<p>x</p>`, banner: 'Simulated' });
    assert.match(text, /<html lang="en">/);
    assert.match(text, /<title>Sign in – Gatehouse<\/title>/);
    assert.equal(text.match(/<h1>/g)?.length, 1);
    assert.match(text, /href="#main"/);
    assert.match(text, /class="banner"/);
  });

  it('allows no script, no frame and nothing from elsewhere', () => {
    const policy = String(
      pageReply(200, { title: 'x', content: html``, formTargets: ['https://app.example'] })
        .headers?.['content-security-policy'],
    );
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.match(policy, /form-action 'self' https:\/\/app\.example;/);
    assert.doesNotMatch(policy, /script-src|unsafe/);
  });
});
