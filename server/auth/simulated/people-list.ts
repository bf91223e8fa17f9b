/** The test people on the sign-in page, each with a button, and the search among them, which needs no script. */
import { html, type Html } from '../../../core/html.ts';
import { nameOf, type Patient, type Worker } from './identities.ts';
import type { PageFacts } from './page-facts.ts';

/** The people that hold all words of the search. */
export function peopleSection(facts: PageFacts, search = ''): Html {
  const people: readonly (Worker | Patient)[] =
    facts.kind === 'nhs-cis2'
      ? facts.people.workers
      : facts.people.patients.filter(({ signsIn }) => signsIn !== false);
  const found = people.filter((person) => mentions(person, search.slice(0, 100)));
  return html`<h2 id="people">Test people</h2>
    <form method="get" action="${facts.search.action}" role="search">
      <input type="hidden" name="session" value="${facts.search.secret}" />
      <label for="search">Search by name, number, role or level</label>
      <input type="search" id="search" name="search" value="${search}" maxlength="100" />
      <p><button class="secondary" type="submit">Search</button></p>
    </form>
    <p role="status">${found.length} of ${people.length} people</p>
    <table aria-labelledby="people">
      <thead>
        <tr>
          <th scope="col">Person</th>
          <th scope="col">Level</th>
          <th scope="col">${facts.kind === 'nhs-cis2' ? 'Roles' : 'NHS number'}</th>
          <th scope="col">Sign in</th>
        </tr>
      </thead>
      <tbody>
        ${found.map((person) => personRow(facts, person))}
      </tbody>
    </table>`;
}

function personRow({ action }: PageFacts, person: Worker | Patient): Html {
  const { username, persona, locked } = person;
  return html`<tr>
    <th scope="row">
      ${nameOf(person)}<br /><code>${username}</code>${
        persona === undefined ? undefined : html`<br />${persona}`
      }
    </th>
    <td>${levelOf(person)}${locked ? ', locked' : ''}</td>
    <td>${whatOf(person)}</td>
    <td>
      <form method="post" action="${action}">
        <input type="hidden" name="username" value="${username}" />
        <button type="submit" aria-label="Sign in as ${nameOf(person)}, ${username}">Sign in</button>
      </form>
    </td>
  </tr>`;
}

function levelOf(person: Worker | Patient): string {
  return 'level' in person ? `AAL${person.level}` : person.vector;
}

function whatOf(person: Worker | Patient): Html {
  if (!('roles' in person))
    return html`${person.nhsNumber ?? 'not known'}${
      person.actsFor === undefined ? undefined : html`<br />acts for ${person.actsFor}`
    }`;
  if (person.roles.length === 0) return html`none`;
  return html`${person.roles.map(
    ({ id, code, name, odsCode }) =>
      html`<p>${name} at ${odsCode}<br /><code>${code}</code><br />id <code>${id}</code></p>`,
  )}`;
}

/** Whether the person's row holds all words of the search. */
function mentions(person: Worker | Patient, search: string): boolean {
  const roles = 'roles' in person ? person.roles : [];
  const text = [
    nameOf(person),
    person.username,
    person.persona ?? '',
    levelOf(person),
    ...roles.flatMap(({ name, code, odsCode, orgName }) => [name, code, odsCode, orgName]),
  ]
    .join(' ')
    .toLowerCase();
  return search
    .toLowerCase()
    .split(' ')
    .every((word) => text.includes(word));
}
