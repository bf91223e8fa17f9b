/** The pages that explain: what stands in front of each, where every link of theirs leads, the search, and other files. */
import assert from 'node:assert/strict';
import { audiences, pageOf, readContent, type ContentPage } from '../server/portal/content.ts';
import { hubClient, textOf, type HubClient } from './hub-ground.ts';
import { root, startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('the pages that explain', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let client: HubClient;
  const content = readContent(root);
  before(async () => {
    platform = await startTestPlatform();
    client = hubClient(platform.url);
  });
  after(() => platform.end());

  const written = content.pages.filter(({ section }) => section !== 'reference');
  const paths = (section: string) =>
    content.pages.filter((page) => page.section === section).map(({ path }) => path);

  it('have a title, a summary, an audience and the day they were edited', () => {
    for (const { source, title, summary, audience, edited = '' } of written) {
      assert.ok(title !== '' && summary !== '', `${source}: a title and a summary`);
      assert.ok(audiences.includes(audience), source);
      const day = Date.parse(edited);
      assert.ok(day <= Date.now() + 86_400_000, `${source}: edited: <the day>, as in the others`);
    }
    assert.equal(new Set(content.pages.map(({ path }) => path)).size, content.pages.length);
  });

  it('are there for each audience, environment, technology and security pattern', () => {
    const expect = (section: string, names: string) => {
      assert.deepEqual(
        new Set(paths(section)),
        new Set([`/${section}`, ...names.split(' ').map((name) => `/${section}/${name}`)]),
      );
    };
    expect('environments', 'sandbox development sit uat production');
    expect('technologies', 'rest fhir soap hl7-v3 ebxml mesh ldap');
    expect('security', 'open api-key signed-jwt healthcare-worker patient mutual-tls smart');
    for (const name of 'gp-and-hospital-systems assurance testers producers operators'.split(' '))
      assert.ok(content.page(`/start/${name}`), name);
  });

  it('R140 each show their heading and when they were last edited', async () => {
    for (const { path, title, edited } of content.pages) {
      const page = await client.get(path);
      assert.deepEqual([page.status, page.title], [200, title], path);
      assert.equal(page.html.match(/<h1>/g)?.length, 1, path);
      if (edited === undefined) assert.match(page.html, /Made from the code of this version/);
      else assert.match(page.html, new RegExp(`Last edited: <time datetime="${edited}">`), path);
    }
  });

  it('lead nowhere that is not there', async () => {
    const known = new Map<string, string>();
    const read = async (path: string): Promise<string> => {
      const found = known.get(path);
      if (found !== undefined) return found;
      // As browsers ask; what is no page of the hub, such as an API, answers them too.
      const { status, html, to } = await client.get(path, { accept: 'text/html, */*;q=0.8' });
      // What needs an account leads to the sign-in; sign-up and the like answer at once.
      const leads = (status === 303 && to.startsWith('/sign-in')) || path === '/smart/launch';
      assert.ok(status === 200 || leads, `${path}: ${status}`);
      known.set(path, html);
      return html;
    };
    const starts = [
      ...content.pages.map(({ path }) => path),
      '/',
      '/guides',
      '/reference',
      '/case-studies',
      '/backlog',
      '/help',
    ];
    const broken: string[] = [];
    for (const path of starts) {
      const html = await read(path);
      for (const [, href = ''] of html.matchAll(/ href="([^"]+)"/g)) {
        const link = textOf(href);
        if (!/^[/#]/.test(link) || link.startsWith('/feedback')) continue;
        const [to = '', fragment] = link.split('#', 2);
        const target = await read(to === '' ? path : to).catch((error: unknown) => {
          broken.push(`${path} leads to ${link}: ${String(error)}`);
          return undefined;
        });
        if (target !== undefined && fragment !== undefined && !target.includes(` id="${fragment}"`))
          broken.push(`${path} leads to ${link}: no such part`);
      }
    }
    assert.deepEqual(broken, []);
  });

  it('show links between files as links between pages, and no link to what is no page', async () => {
    const { html } = await client.get('/guides/hub');
    assert.match(html, /href="\/guides\/administration"/);
    assert.doesNotMatch(html, /href="[^"]*\.md/);
    for (const { path } of content.pages)
      assert.doesNotMatch((await client.get(path)).html, / href="(?!\/|#|https?:|mailto:)/, path);
  });

  it('name the address of this server in their commands', async () => {
    const { html } = await client.get('/security/open');
    assert.ok(html.includes(`GATEHOUSE:-${platform.url}}`));
  });

  it('are found by the search', async () => {
    for (const [words, path] of [
      ['signed jwt', '/security/signed-jwt'],
      ['mailboxes', '/technologies/mesh'],
      ['what you need before', '/start/pre-requisites'],
    ] as const) {
      const { html } = await client.get(`/catalogue?q=${encodeURIComponent(words)}`);
      assert.ok(html.includes(`href="${path}"`), words);
    }
  });

  it('R005 lead through a test of an API, from the home page and from the page of each API', async () => {
    const guide = '/start/how-to-test';
    for (const path of ['/', '/catalogue/hello-world', '/catalogue/personal-demographics'])
      assert.ok((await client.get(path)).html.includes(`href="${guide}"`), path);
    const { html } = await client.get(guide);
    const text = html.slice(html.indexOf('<div class="hub-text">'), html.lastIndexOf('hub-edited'));
    const steps = text.split('<h2 ').filter((one) => /^id="\d+-/.test(one));
    assert.equal(steps.length, 9);
    for (const step of steps) assert.match(step, /<a href="\//, step.slice(0, 60));
  });

  it('R035 R177 are led to from APIs and from Try it, and technologies narrow the catalogue', async () => {
    const api = await client.get('/catalogue/hello-world');
    for (const name of ['open', 'api-key', 'healthcare-worker', 'patient'])
      assert.ok(api.html.includes(`href="/security/${name}"`), name);
    const console_ = await client.get('/try/hello-world/hello-user');
    assert.match(console_.html, /href="\/security"/);
    for (const { path } of content.section('technologies'))
      assert.ok(
        (await client.get('/technologies')).html.includes(`href="${path}"`) ||
          path === '/technologies',
      );
    const soap = await client.get('/catalogue?technology=soap');
    assert.equal(soap.status, 200);
    assert.ok(!soap.html.includes('href="/catalogue/personal-demographics"'));
  });

  it('R089 R139 R162 lead consumers and producers from the home page, and experts past the introduction', async () => {
    const home = await client.get('/');
    const main = home.html.slice(home.html.indexOf('<main'));
    assert.match(main, /class="nhsuk-button" href="\/start"/);
    assert.match(main, /class="nhsuk-button nhsuk-button--secondary" href="\/start\/producers"/);
    const started = await client.get('/start');
    assert.deepEqual([started.status, started.title], [200, 'Getting started']);
    const { html } = await client.get('/learn');
    const first = /<div class="hub-text">\s*<p>(.*?)<\/p>/s.exec(html)?.[1] ?? '';
    assert.match(first, /href="\/catalogue"/);
  });

  it('R114 R180 have help, the licence and the way to the content in the same place everywhere', async () => {
    const all = ['/', '/start', '/guides/operator', '/status', '/help', '/sign-in', '/catalogue'];
    for (const path of [...all, '/teams/x/y/z']) {
      const { html } = await client.get(path);
      const body = html.slice(html.indexOf('<body>'));
      const [, first = ''] = /<a ([^>]*)>/.exec(body) ?? [];
      assert.equal(first, 'class="nhsuk-skip-link" href="#main"', path);
      assert.match(body, /<main [^>]*id="main"/);
      const footer = body.slice(body.indexOf('<footer'));
      assert.match(footer, /<ul><li><a href="\/help">Help<\/a>/, path);
      assert.match(footer, /may be used under the Apache License 2\.0/, path);
    }
  });

  const page = (front: string, text = 'Words.'): ContentPage =>
    pageOf('start', 'docs/hub/start/x.md', `---\n${front}\n---\n\n${text}`);

  it('are refused with the name of the file when what stands in front is wrong', () => {
    for (const [front, what] of [
      ['title: A\naudience: nobody', /x\.md: audience is one of/],
      ['title: A\norder: soon', /order is a number/],
      ['title: A\nedited: yesterday', /edited is a day/],
      ['title A', /in front there are lines/],
      ['title: A\ntitle: B', /in front there are lines/],
      ['order: 1', /neither a title nor a heading/],
    ] as const)
      assert.throws(() => page(front), what, front);
    assert.equal(page('order: 3', '# A guide\n\nWords.').title, 'A guide');
    assert.equal(page('title: "A: b"').title, 'A: b');
  });
});
