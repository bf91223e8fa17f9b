/** The messages the hub sends, as plain text. Owns their words; when they are sent, the pages say. */
import type { HubMail } from './hub-parts.ts';

const signature = '\n\nGatehouse developer hub\n';

/** Nothing that a stranger typed stands in it: it goes to an address that is anybody's. */
export function verifyMessage(to: string, link: string): HubMail {
  return message(
    'hub-verify',
    to,
    'Confirm your e-mail address',
    `Hello,\n\nopen this link and press the button to confirm your e-mail address:\n\n${link}\n\nThe link works once, within 24 hours. If you did not ask for an account, do nothing: none is made.`,
  );
}

export function knownMessage(to: string, signIn: string, reset: string): HubMail {
  return message(
    'hub-known',
    to,
    'You have an account already',
    `Somebody, probably you, asked for an account with this e-mail address. You have one already.\n\nSign in: ${signIn}\nSet a new password: ${reset}\n\nIf it was not you, do nothing: your account is as it was.`,
  );
}

export function resetMessage(to: string, link: string): HubMail {
  return message(
    'hub-reset',
    to,
    'Set a new password',
    `Somebody, probably you, asked for a new password. Open this link to set it:\n\n${link}\n\nThe link works once, within an hour. If it was not you, do nothing: your password is as it was.`,
  );
}

export function unknownMessage(to: string, signUp: string): HubMail {
  return message(
    'hub-unknown',
    to,
    'No account with this e-mail address',
    `Somebody, probably you, asked for a new password. There is no account with this e-mail address; perhaps you used another one.\n\nCreate an account: ${signUp}\n\nIf it was not you, do nothing.`,
  );
}

export function newEmailMessage(to: string, link: string): HubMail {
  return message(
    'hub-new-email',
    to,
    'Confirm your new e-mail address',
    `Open this link while you are signed in and press the button to use this e-mail address from now on:\n\n${link}\n\nThe link works once, within 24 hours. If you did not ask for this, do nothing.`,
  );
}

/** To those who decide. What the team says of itself stands on the page alone. */
export function publishMessage(to: string, team: string, link: string): HubMail {
  return message(
    'hub-publish',
    to,
    'A team asks to publish APIs',
    `The team ${team} asks to publish APIs. See what it says, and decide:\n\n${link}`,
  );
}

/** To the old address: who did not do this learns of it. */
export function changedMessage(to: string, what: string, help: string): HubMail {
  return message(
    'hub-changed',
    to,
    `Your account: ${what}`,
    `This has just been done to your account: ${what}.\n\nIf it was not you, set a new password and ask for help: ${help}`,
  );
}

/** The last message to an account that was deleted. */
export function endedMessage(to: string): HubMail {
  return message(
    'hub-ended',
    to,
    'Your account is deleted',
    'Your account was deleted, as you asked for. This address is not kept any more.\n\nIf it was not you, write to those who run the platform.',
  );
}

export function invitationMessage(
  to: string,
  team: string,
  by: string,
  role: string,
  link: string,
): HubMail {
  return message(
    'hub-invitation',
    to,
    `Invitation to the team ${team}`,
    `${by} invites you to the team ${team}, in the role ${role}.\n\n${link}\n\nThe link works once, within 7 days, for an account with this e-mail address. If you do not know what this is about, do nothing.`,
  );
}

export function incidentMessage(
  to: string,
  about: Readonly<Record<'title' | 'state' | 'text' | 'affected' | 'link', string>>,
): HubMail {
  return message(
    'hub-incident',
    to,
    `${about.title} (${about.state})`,
    `An API that your app has called in the last seven days is affected.\n\n${about.affected}\n\n${about.text}\n\nAll that is known: ${about.link}`,
  );
}

/** To those who answer; what was asked stands behind the sign-in alone. */
export function ticketMessage(
  to: string,
  ticket: { readonly id: string; readonly kind: string },
  link: string,
): HubMail {
  return message(
    'hub-ticket',
    to,
    `Request for help ${ticket.id}`,
    `Somebody asks for help (${ticket.kind}).\n\n${link}`,
  );
}

export function ticketAnswerMessage(
  to: string,
  ticket: { readonly id: string; readonly subject: string },
  text: string,
): HubMail {
  return message(
    'hub-ticket-answer',
    to,
    `Answer to your request ${ticket.id}`,
    `You asked: ${ticket.subject}\n\n${text}`,
  );
}

function message(template: string, to: string, subject: string, text: string): HubMail {
  return { template, to, subject, text: text + signature };
}
