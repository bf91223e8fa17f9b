/** The Express application: pages for people. APIs are handlers and never pass through here (docs/decisions/0003). */
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { Log } from '../core/log.ts';

export interface PagesOptions {
  readonly log: Log;
  readonly publicUrl: () => string;
  /** What runs where, in words, with paths below the public address. */
  readonly services: readonly { readonly name: string; readonly path: string }[];
  /** Files offered for download: path to file on disk. */
  readonly downloads: Readonly<Record<string, string>>;
}

const policy =
  "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

export function createPages(options: PagesOptions): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.use((_request, response, next) => {
    response.set({
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    next();
  });
  app.get('/', (_request, response) => {
    response.type('html').send(home(options));
  });
  app.get('/style.css', (_request, response) => {
    response.type('css').send(style);
  });
  for (const [path, file] of Object.entries(options.downloads))
    app.get(path, (_request, response) => {
      response.type('json').sendFile(file);
    });
  app.use((_request, response) => {
    response.status(404).type('html').send(notFound);
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
            '<p>The address cannot be read. <a href="/">Go to the start page</a>.</p>',
          ),
        );
    },
  );
  return app;
}

function home({ publicUrl, services }: PagesOptions): string {
  const rows = services
    .map(
      ({ name, path }) =>
        `<li><a href="${escape(path)}">${escape(name)}</a><br><code>${escape(publicUrl() + path)}</code></li>`,
    )
    .join('\n');
  return page(
    'Gatehouse',
    `<p>The sandbox of this server holds invented people only. No data of real people may be put into it.</p>
<h2>What runs here</h2>
<ul>
${rows}
</ul>`,
  );
}

const notFound = page(
  'Page not found',
  '<p>There is no page at this address. <a href="/">Go to the start page</a> to see what runs here.</p>',
);

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title === 'Gatehouse' ? 'Gatehouse' : `${title} – Gatehouse`}</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<a class="skip" href="#main">Skip to main content</a>
<header><a href="/">Gatehouse</a></header>
<main id="main" tabindex="-1">
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`;
}

const style = `body { margin: 0; font: 1.1875rem/1.5 system-ui, sans-serif; color: #212b32; background: #fff; }
header { background: #003d78; padding: 0.75rem 1rem; }
header a { color: #fff; font-weight: 600; text-decoration: none; }
main { max-width: 44rem; margin: 0 auto; padding: 1rem; }
a { color: #005eb8; }
a:focus { outline: 3px solid #212b32; background: #ffeb3b; color: #212b32; }
code { overflow-wrap: anywhere; font-size: 0.875em; }
li { margin-bottom: 1rem; }
.skip { position: absolute; left: -999em; }
.skip:focus { position: static; display: block; padding: 0.5rem 1rem; }
`;

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
