/**
 * A request for a certificate (CSR) of a Deployment is sent, for a first one or to renew. The private key stays with its
 * owner; one that is sent is refused and kept nowhere.
 */
import { html } from '../../core/html.ts';
import type { Outcome } from '../catalogue/systems/certificate-administration.ts';
import { beside } from './app-reach.ts';
import { backToDeployment, deploymentOf, deploymentPath } from './deployment-reach.ts';
import { button, fileInput, formOn, select, textarea } from './fields.ts';
import { formOf, FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { holdsPrivateKey } from './key-text.ts';
import { accountPage, type Move, type Page, type Pages, type SignedIn } from './page.ts';
import { warning } from './parts.ts';

const here = 'apps';
const base = '/deployments/:deployment';

export function csrPages(hub: Hub): Pages {
  return {
    [`${base}/certificate`]: accountPage({
      files: true,
      show: (visit, form) => requestPage(hub, visit, form),
      act: (visit, form) => request(hub, visit, form),
    }),
  };
}

async function requestPage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const reached = await deploymentOf(hub, visit);
  const { deployment, actor } = reached;
  const known = await hub.systems.certificates.list(actor, deployment.id);
  const active = known.filter(({ state }) => state === 'active');
  const shown = withoutPrivate(form);
  const renewals = [
    { value: '', text: 'None: it is a further one' },
    ...active.map(({ thumbprint, serial }) => ({
      value: thumbprint,
      text: `The one with serial number ${serial.slice(0, 16)}`,
    })),
  ];
  const { fqdn = '' } = deployment;
  return {
    ...{ title: 'Request a certificate', form, here, back: backToDeployment(reached) },
    content: html`<p>Make a key and a request on the machine of the system. The key stays there:</p>
<pre class="hub-secret" tabindex="0" role="region" aria-label="Command that makes key and request"><code>openssl req -new -newkey rsa:2048 -nodes -keyout ${fqdn}.key -out ${fqdn}.csr -subj "/CN=${fqdn}"</code></pre>
${warning('The request only', 'Send the file that ends with .csr. A private key is refused and kept nowhere.')}
${formOn(
  visit,
  html`${fileInput(shown, { name: 'file', label: 'File with the request (CSR)' })}
${textarea(shown, { name: 'pasted', label: 'Or paste it', hint: 'From -----BEGIN CERTIFICATE REQUEST----- to the end.', rows: 8 })}
${active.length === 0 ? undefined : select(shown, { name: 'renews', label: 'Which certificate does it replace?', choices: renewals })}
${button('Request the certificate')}`,
  { files: true },
)}`,
  };
}

function withoutPrivate(form: Form): Form {
  if (!holdsPrivateKey(form.raw('pasted'))) return form;
  const values = new Map([['renews', form.all('renews')]]);
  return formOf(values, form.faults);
}

const mostCsr = 32 * 1024;

function csrIn(form: Form): string {
  const file = form.files?.get('file');
  const field = file ? 'file' : 'pasted';
  const text = (file ? file.bytes.toString('latin1', 0, mostCsr + 1) : form.raw('pasted')).trim();
  const refuse = (fault: string) => new FormRefused([{ field, text: fault }]);
  if (text === '')
    throw new FormRefused([{ field: 'file', text: 'Choose a file or paste a request' }]);
  if (text.length > mostCsr) throw refuse('That is more than 32 KB. A request has one or two');
  if (holdsPrivateKey(text))
    throw refuse(
      'This is a private key. It was not kept; but it has left your hands: make a new one',
    );
  const request =
    /-----BEGIN (NEW )?CERTIFICATE REQUEST-----[\s\S]*-----END (NEW )?CERTIFICATE REQUEST-----/.exec(
      text,
    );
  if (request) return request[0];
  throw refuse('This is no certificate request in PEM (-----BEGIN CERTIFICATE REQUEST-----)');
}

async function request(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const { deployment, actor } = await deploymentOf(hub, visit);
  const csr = csrIn(form);
  const renews = form.get('renews');
  const { certificates } = hub.systems;
  const outcome: Outcome = await beside(form.files?.has('file') ? 'file' : 'pasted', () =>
    renews === ''
      ? certificates.request(actor, deployment.id, { csr })
      : certificates.renew(actor, thumbprintOf(renews), { csr }),
  );
  const path = deploymentPath(deployment.id);
  return 'issued' in outcome
    ? {
        to: `${path}/certificates/${outcome.issued.certificate.thumbprint}`,
        told: ['The certificate is issued.', ...outcome.issued.notes].join(' ').slice(0, 400),
      }
    : { to: path, told: 'The request is good. A second person issues the certificate.' };
}

function thumbprintOf(thumbprint: string): string {
  if (/^[A-Za-z0-9_-]{43}$/.test(thumbprint)) return thumbprint;
  throw new FormRefused([{ field: 'renews', text: 'Choose one of the list' }]);
}
