/**
 * Sends mail by SMTP: the only door to nodemailer. Owns the connection; when a message is sent, and what becomes of one that
 * is refused, is mailbox.ts's.
 */
import { createTransport, type Transporter } from 'nodemailer';
import { MailRefused, type Mail } from './mailbox.ts';

export interface MailSender {
  /**
   * Resolves when the server has taken the message. The id becomes its Message-ID, so that a message that was taken and
   * sent again is known as the same. @throws MailRefused
   */
  send(id: string, mail: Mail): Promise<void>;
  close(): void;
}

/** @param url `smtp://user:password@host:port`, or smtps; nothing is connected yet. */
export function createMailSender(url: string, from: string): MailSender {
  const transport: Transporter = createTransport(
    {
      ...{ url, pool: true, maxConnections: 2 },
      ...{ connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000 },
      // What a message refers to is never fetched, from disk or from elsewhere.
      ...{ disableFileAccess: true, disableUrlAccess: true },
    },
    { from },
  );
  return {
    async send(id, { to, subject, text }) {
      const messageId = `<${Buffer.from(id).toString('base64url')}@gatehouse>`;
      try {
        await transport.sendMail({ to, subject: oneLine(subject), text, messageId });
      } catch (error) {
        throw refusalOf(error);
      }
    },
    close() {
      transport.close();
    },
  };
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').slice(0, 200);
}

/** The server's own text may quote the message, so only its code goes on. */
function refusalOf(error: unknown): MailRefused {
  const { code = 'EUNKNOWN', responseCode } = error as {
    // the library's errors have these members; of any other value both are absent
    readonly code?: string;
    readonly responseCode?: number;
  };
  const ofMessage = code === 'EENVELOPE' || code === 'EMESSAGE';
  return new MailRefused(String(responseCode ?? code), ofMessage && (responseCode ?? 0) >= 500);
}
