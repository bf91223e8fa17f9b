/**
 * The Express application: what neither an API nor the developer hub claims, such as downloads and "page not found"
 * (docs/decisions/0003 and 0023).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { html, page as layout, pageHeaders, type Html } from '../core/html.ts';
import type { Log } from '../core/log.ts';

export interface PagesOptions {
  readonly log: Log;
  /** Files offered for download: path to file on disk. */
  readonly downloads: Readonly<Record<string, string>>;
}

export function createPages(options: PagesOptions): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.use((_request, response, next) => {
    response.set(pageHeaders());
    next();
  });
  app.get('/style.css', (_request, response) => {
    response.type('css').send(style);
  });
  for (const [path, file] of Object.entries(options.downloads))
    app.get(path, (_request, response) => {
      response.type('json').sendFile(file);
    });
  app.use((request, response) => {
    if (request.accepts(['html', 'json']) === 'html' && request.headers.accept?.includes('html'))
      response.status(404).type('html').send(notFound);
    else noApiHere(request, response);
  });
  // Express hands its own refusals (a path that is no UTF-8, say) to this one place.
  app.use(
    (
      error: Error & { status?: number },
      _request: Request,
      response: Response,
      next: NextFunction,
    ) => {
      if (response.headersSent) {
        next(error);
        return;
      }
      const status = error.status !== undefined && error.status < 500 ? error.status : 500;
      if (status === 500) options.log.log('error', 'a page failed', { kind: error.name });
      response
        .status(status)
        .type('html')
        .send(
          page(
            'Something is wrong with the request',
            html`<p>The address cannot be read. <a href="/">Go to the start page</a>.</p>`,
          ),
        );
    },
  );
  return app;
}

/** What a program is told at an address that belongs to no API (RFC 9457). */
export function noApiHere(_request: IncomingMessage, response: ServerResponse): void {
  const body = JSON.stringify({
    type: 'urn:gatehouse:problem:not-found',
    title: 'Not Found',
    status: 404,
    detail:
      'No API is deployed at this address. The environment is named by the host (int.…) or the path (/env/int/…), then comes the base path of the API; GET / lists what there is.',
  });
  response.writeHead(404, {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

const notFound = page(
  'Page not found',
  html`<p>
    There is no page at this address. Go to the <a href="/">start page</a>, look at the
    <a href="/catalogue">API catalogue</a> or the <a href="/guides">guides</a>, or
    <a href="/help">ask for help</a>.
  </p>`,
);

function page(title: string, content: Html): string {
  return layout({ title, content });
}

const style = `body { margin: 0; font: 1.1875rem/1.5 system-ui, sans-serif; color: #212b32; background: #fff; }
header { background: #003d78; padding: 0.75rem 1rem; }
header a { color: #fff; font-weight: 600; text-decoration: none; }
main { max-width: 44rem; margin: 0 auto; padding: 1rem; }
a { color: #005eb8; }
a:focus { outline: 3px solid #212b32; background: #ffeb3b; color: #212b32; }
code { overflow-wrap: anywhere; font-size: 0.875em; }
li { margin-bottom: 1rem; }
.banner { margin: 0; padding: 0.75rem 1rem; background: #ffeb3b; border-bottom: 4px solid #212b32; font-weight: 600; }
form { margin: 1rem 0; }
label { display: block; margin: 0.5rem 0 0.25rem; font-weight: 600; }
.choice label { display: inline; font-weight: 400; }
fieldset { margin: 1rem 0; padding: 0.5rem 1rem 1rem; border: 1px solid #4c6272; }
legend { padding: 0 0.25rem; font-weight: 600; }
input[type='text'], input[type='search'], input:not([type]), select { font: inherit; width: 100%; max-width: 24rem; box-sizing: border-box; padding: 0.375rem; min-height: 2.75rem; border: 2px solid #4c6272; border-radius: 0; }
input[type='radio'], input[type='checkbox'] { width: 1.5rem; height: 1.5rem; vertical-align: middle; }
button { font: inherit; font-weight: 600; padding: 0.625rem 1rem; min-height: 2.75rem; border: 0; border-radius: 4px; color: #fff; background: #007f3b; cursor: pointer; }
button.secondary { color: #fff; background: #4c6272; }
input:focus, select:focus, button:focus { outline: 4px solid #ffeb3b; outline-offset: 0; box-shadow: inset 0 0 0 4px #212b32; }
.error { padding: 0.5rem 1rem; border: 4px solid #d5281b; }
.hint { color: #4c6272; margin: 0 0 0.25rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.5rem 0.5rem 0.5rem 0; border-bottom: 1px solid #d8dde0; overflow-wrap: break-word; }
@media (max-width: 40rem) { table, tbody, tr, td, th { display: block; } thead { position: absolute; left: -999em; } td, th { border-bottom: 0; padding: 0.125rem 0; } tr { border-bottom: 1px solid #d8dde0; padding: 0.5rem 0; } }
.skip { position: absolute; left: -999em; }
.skip:focus { position: static; display: block; padding: 0.5rem 1rem; }
`;
