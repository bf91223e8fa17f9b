/**
 * Tells the owner of a certificate before it ends: by mail to the contact of the app it belongs to, and in the log for
 * whoever runs the platform. Owns whom; when is certs/notices.ts's, and the outbox sends.
 */
import type { Notices } from '../certs/notices.ts';
import type { Log } from '../core/log.ts';
import type { Store } from '../core/store.ts';
import { appCollection } from './catalogue/apps.ts';
import { deploymentCollection } from './catalogue/systems/deployments.ts';
import type { Mailbox } from './observe/mailbox.ts';

export interface CertificateNoticesOptions {
  readonly store: Store;
  readonly notices: Notices;
  readonly mailbox: Pick<Mailbox, 'put'>;
  readonly log: Log;
}

/** To be swept now and then by one process of an installation; says how many were told. */
export function certificateNotices({ store, notices, mailbox, log }: CertificateNoticesOptions) {
  const [apps, deployments] = [store.open(appCollection), store.open(deploymentCollection)];
  const contactOf = async (deployment: string): Promise<string | undefined> => {
    const found = await deployments.get(deployment);
    const app = found && (await apps.get(found.value.app));
    return app?.value.contact;
  };
  return {
    async sweep(): Promise<number> {
      const due = await notices.due();
      for (const { certificate, days, text } of due) {
        const { deployment, thumbprint, environment, fqdn } = certificate;
        log.log('warn', 'a certificate will end', { environment, fqdn, days, thumbprint });
        const to = await contactOf(deployment);
        if (to?.includes('@') !== true) continue;
        await mailbox.put(`certificate-${thumbprint}-${days}`, {
          ...{
            to,
            template: 'certificate',
            subject: `A certificate ends in ${days} day(s): ${fqdn}`,
          },
          text: `${text}\n\nRenew it: gatehouse cert request ${deployment} --dir next, then gatehouse cert renew ${thumbprint} --dir next.\nThe old one goes on working until it ends.\n`,
        });
      }
      return due.length;
    },
  };
}
