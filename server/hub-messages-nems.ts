/** The national events service as the hub tells of it: its calls, and each event type with its workflow. */
import {
  eventTypes,
  subscriptionInteractions,
  writeInteractions,
} from '../spine/nems/event-types.ts';
import type {
  ExampleReader,
  MessageDocumentation,
  MessageField,
  MessageInteraction,
} from './portal/api-messages.ts';

/** @param examples below fixtures/nems */
export function nemsMessages(examples: ExampleReader): MessageDocumentation {
  const all = examples('messages');
  return {
    standards: ['fhir-stu3'],
    introduction: `Publishers send an event message about a patient: a FHIR STU3 Bundle in XML whose first resource is a MessageHeader. Subscribers ask for the events of one patient (explicit) or by a rule (generic), and name their mailbox of MESH. Each event reaches a mailbox once, under the workflow of its type, with the bytes as they were published; \`mex-partnerid\` tells the subscriptions that have a tag, as \`id|tag\`, joined with \`~~~\`.

The base is \`/STU3\`. Bodies and answers of subscriptions are in XML or JSON; without a media type they are \`application/xml+fhir\`. Refusals are OperationOutcomes with codes of Spine-ErrorOrWarningCode-1. What a subscription's criteria may hold is in the guide to events and push.`,
    examples: all,
    interactions: [
      call('create', 'POST /Subscription', 'Make a subscription: 201 with Location'),
      call('read', 'GET /Subscription/{id}', 'Read a subscription of your own'),
      call('remove', 'DELETE /Subscription/{id}', 'Remove a subscription of your own'),
      ...eventTypes.map((type): MessageInteraction => {
        const { code, display, workflow } = type;
        const interaction = writeInteractions(type)[0] ?? '';
        return {
          ...{ id: code, name: code, title: display, group: 'Events', facts: [] },
          pattern: `POST /Events/1/$process-message, delivered as ${workflow}`,
          ...{ fields: fieldsOf(interaction, 'patient/Bundle.write'), examples: [] },
        };
      }),
    ],
  };
}

function call(
  id: keyof typeof subscriptionInteractions,
  name: string,
  title: string,
): MessageInteraction {
  const scope = `patient/Subscription.${id === 'read' ? 'read' : 'write'}`;
  return {
    ...{ id, name, title, group: 'Subscriptions', pattern: 'synchronous', facts: [], examples: [] },
    fields: fieldsOf(subscriptionInteractions[id], scope),
  };
}

function fieldsOf(interaction: string, scope: string): readonly MessageField[] {
  return [
    field('fromASID', 'Your accredited system, which the client certificate proves'),
    field('toASID', 'That of the national services, as the directory has it'),
    field('InteractionID', `\`${interaction}\``),
    field(
      'Authorization',
      `\`Bearer\` and a cross-organisation JWT, unsigned or signed, with the scope \`${scope}\``,
    ),
  ];
}

function field(name: string, meaning: string): MessageField {
  return { name, required: true, meaning };
}
