import assert from 'node:assert/strict';
import type { RelatedPerson } from 'fhir/r4.js';
import { nhsNumberIdentifier, security, toLine, type PdsRecord } from '../fhir/pds/record.ts';
import { inFreshWorkspaces } from './fresh-workspaces.ts';
import { call, type Answer, type TestPlatform } from './start-platform.ts';

const jane = '9000000009';
const paula = '9733162868';
type Headers = Record<string, string>;
const asPatient = (nhsNumber: string): Headers => ({
  'x-gatehouse-act-as': `patient:${nhsNumber}`,
});

const because = ({ status, json, text }: Answer): string => {
  assert.equal(json.resourceType, 'OperationOutcome', text);
  assert.equal(json.issue.length, 1);
  const [{ details, diagnostics }] = json.issue;
  return `${status} ${details.coding[0].code} ${diagnostics ?? ''}`.trim();
};
const ownOnly =
  '403 ACCESS_DENIED Your access token has insufficient permissions. See documentation regarding Patient access restrictions https://digital.nhs.uk/developer/api-catalogue/personal-demographics-service-fhir';

describe('the people to contact and the card', () => {
  let platform: TestPlatform;
  let workspace: string;
  inFreshWorkspaces((...made) => {
    [platform, workspace] = made;
  });

  const get = (path: string, headers: Headers = {}): Promise<Answer> =>
    platform.call(path, { headers: { 'x-gatehouse-workspace': workspace, ...headers } });

  describe('people to contact', () => {
    const people = (id: string, headers: Headers = {}) =>
      get(`/Patient/${id}/RelatedPerson`, headers);

    it('come as a searchset whose links are absolute', async () => {
      const answer = await people(jane);
      assert.equal(answer.status, 200);
      assert.equal(answer.json.total, 2);
      assert.match(answer.json.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
      for (const { fullUrl, resource } of answer.json.entry) {
        assert.equal(
          fullUrl,
          `${platform.url}/personal-demographics/FHIR/R4/Patient/${jane}/RelatedPerson/${resource.id}`,
        );
        assert.equal(resource.resourceType, 'RelatedPerson');
      }
      assert.equal((await people('9000000017')).json.total, 1);
    });

    it('are none, without an entry, of whom nobody is held, or who is restricted', async () => {
      for (const id of ['9000000033', '9000000025', '9727022820', '9727024610']) {
        const { status, json } = await people(id);
        assert.equal(status, 200);
        assert.deepEqual(Object.keys(json).toSorted(), [
          'resourceType',
          'timestamp',
          'total',
          'type',
        ]);
        assert.equal(json.total, 0);
      }
    });

    it('are refused for a wrong number, an unknown one and one that was withdrawn', async () => {
      assert.equal(because(await people('9000000000')), '400 INVALID_RESOURCE_ID');
      assert.equal(because(await people('9111231130')), '404 RESOURCE_NOT_FOUND');
      assert.equal(because(await people('9990003343')), '404 INVALIDATED_RESOURCE');
    });

    it('are for applications too, and of a patient’s own record only', async () => {
      for (const mode of ['worker', 'app', 'privileged'])
        assert.equal((await people(jane, { 'x-gatehouse-act-as': mode })).json.total, 2, mode);
      assert.equal((await people(jane, asPatient(jane))).json.total, 2);
      assert.equal(because(await people(jane, asPatient(paula))), ownOnly);
    });

    it('are those of the record that a merged number leads to', async () => {
      const { json } = await people('5900053636', asPatient('5900053636'));
      assert.deepEqual([json.resourceType, json.total], ['Bundle', 0]);
      assert.equal(because(await people('9732019395', asPatient('5900053636'))), ownOnly);
    });

    describe('of somebody with several', () => {
      const related = (id: string, rank?: number, nhsNumber?: string): RelatedPerson => ({
        resourceType: 'RelatedPerson',
        id,
        active: true,
        patient: {
          identifier: {
            system: 'https://fhir.nhs.uk/Id/nhs-number',
            value: nhsNumber ?? '9999999980',
          },
        },
        relationship: [
          {
            coding: [
              {
                system: 'http://hl7.org/fhir/ValueSet/relatedperson-relationshiptype',
                code: 'SIS',
                display: 'sister',
              },
            ],
          },
        ],
        telecom: [{ system: 'phone', use: 'home', value: '07700900111' }],
        address: [{ use: 'home', line: ['1 Hidden Road'] }],
        ...(rank === undefined
          ? {}
          : {
              extension: [
                {
                  url: 'https://fhir.nhs.uk/R4/StructureDefinition/Extension-UKCore-ContactRank',
                  valuePositiveInt: rank,
                },
              ],
            }),
      });
      const record = (label: 'U' | 'R', relatedPersons: RelatedPerson[]): PdsRecord => ({
        patient: {
          resourceType: 'Patient',
          id: '9999999980',
          identifier: [nhsNumberIdentifier('9999999980')],
          meta: { versionId: '1', security: [security(label)] },
        },
        behind: { relatedPersons },
      });
      const seed = async (one: PdsRecord) => {
        const seeded = await call(`${platform.url}/_sandbox/workspaces/${workspace}/patients`, {
          method: 'POST',
          body: toLine(one),
        });
        assert.equal(seeded.status, 201, seeded.text);
      };
      const idsOf = ({ json }: Answer): string[] =>
        (json.entry ?? []).map(({ resource }: { resource: { id: string } }) => resource.id);

      it('are ordered by rank, those without one last', async () => {
        await seed(
          record('U', [related('D0'), related('C3', 3), related('B2', 2), related('A1', 1)]),
        );
        assert.deepEqual(idsOf(await people('9999999980')), ['A1', 'B2', 'C3', 'D0']);
      });

      it('are none while the person is restricted', async () => {
        await seed(record('R', [related('A1', 1)]));
        for (const mode of ['worker', 'app', 'privileged'])
          assert.deepEqual(idsOf(await people('9999999980', { 'x-gatehouse-act-as': mode })), []);
      });

      it('lose address and number when they are restricted in a record of their own', async () => {
        await seed(record('U', [related('A1', 1, '9693632125'), related('B2', 2, jane)]));
        for (const mode of ['worker', 'app', 'privileged']) {
          const { json } = await people('9999999980', { 'x-gatehouse-act-as': mode });
          const [hidden, shown] = json.entry;
          assert.deepEqual(
            [hidden.resource.address, hidden.resource.telecom],
            [undefined, undefined],
          );
          assert.ok(shown.resource.address && shown.resource.telecom);
        }
      });
    });
  });

  describe('the card', () => {
    const end = new Date(Date.now() + 4 * 365 * 86_400_000).toISOString().slice(0, 10);
    const card = (more: Record<string, unknown> = {}) => ({
      resourceType: 'Coverage',
      identifier: [
        {
          value: 'DE1234567890121234',
          assigner: { identifier: { system: 'urn:iso:std:iso:3166', value: 'DEU' } },
        },
      ],
      status: 'active',
      type: {
        coding: [
          {
            system: 'http://terminology.hl7.eu/CodeSystem/v3-ActCode',
            code: 'EHIC',
            display: 'European Health Insurance Card',
          },
        ],
      },
      beneficiary: { identifier: { value: '1029384756' } },
      period: { end },
      payor: [{ identifier: { value: "01071 - CPAM de l'ARDECH" } }],
      subscriber: { identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: jane } },
      ...more,
    });
    const of = (nhsNumber: string) => ({
      subscriber: { identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: nhsNumber } },
    });
    const show = (nhsNumber: string, headers = asPatient(nhsNumber)) =>
      get(`/Coverage?subscriber:identifier=${nhsNumber}`, headers);
    const replace = (body: unknown, headers: Headers): Promise<Answer> =>
      platform.call('/Coverage', {
        method: 'POST',
        headers: { 'x-gatehouse-workspace': workspace, ...headers },
        body,
      });
    const current = { 'if-match': 'W/"2"' };

    it('comes as a searchset whose version is the record’s', async () => {
      const answer = await show(jane);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('etag'), 'W/"2"');
      assert.deepEqual(
        [answer.json.type, answer.json.total, answer.json.meta.versionId],
        ['searchset', 1, '2'],
      );
      const { resource } = answer.json.entry[0];
      assert.deepEqual([resource.resourceType, resource.status], ['Coverage', 'active']);
      assert.equal(resource.subscriber.identifier.value, jane);
    });

    it('has a version where there is none', async () => {
      const { status, headers, json } = await show('9000000033');
      assert.equal(status, 200);
      assert.equal(headers.get('etag'), `W/"${json.meta.versionId}"`);
      assert.equal(json.total, 0);
      assert.ok(!('entry' in json));
    });

    it('is replaced as a whole, one version on, and the record’s ETag with it', async () => {
      const answer = await replace(card(), { ...asPatient(jane), ...current });
      assert.equal(answer.status, 201, answer.text);
      assert.equal(answer.headers.get('etag'), 'W/"3"');
      assert.deepEqual([answer.json.total, answer.json.meta.versionId], [1, '3']);
      const { resource } = answer.json.entry[0];
      assert.equal(resource.identifier[0].value, 'DE1234567890121234');
      assert.equal(resource.identifier[0].assigner.identifier.value, 'DEU');
      assert.equal(resource.payor[0].identifier.value, "01071 - CPAM de l'ARDECH");
      assert.equal(resource.beneficiary.identifier.value, '1029384756');
      assert.equal(resource.period.end, end);
      const shown = await show(jane);
      assert.deepEqual(shown.json.entry, answer.json.entry);
      assert.equal((await get(`/Patient/${jane}`)).headers.get('etag'), 'W/"3"');
    });

    it('is replaced once by a request that is repeated', async () => {
      const headers = { ...asPatient(jane), ...current, 'x-request-id': crypto.randomUUID() };
      const [first, second] = [await replace(card(), headers), await replace(card(), headers)];
      assert.deepEqual([first.status, second.status], [201, 201]);
      assert.equal(second.headers.get('etag'), 'W/"3"');
      assert.deepEqual(second.json.entry, first.json.entry);
      const other = card({ beneficiary: { identifier: { value: '55' } } });
      assert.equal((await replace(other, headers)).status, 409);
    });

    it('wants the version, and the one that is current', async () => {
      const missing =
        '412 PRECONDITION_FAILED Invalid request with error - If-Match header must be supplied to update this resource';
      for (const version of [{}, { 'if-match': '2' }, { 'if-match': '' }])
        assert.equal(because(await replace(card(), { ...asPatient(jane), ...version })), missing);
      for (const version of ['W/"1"', 'W/"3"'])
        assert.equal(
          because(await replace(card(), { ...asPatient(jane), 'if-match': version })),
          '409 RESOURCE_VERSION_MISMATCH',
        );
      const answers = await Promise.all(
        ['1', '2', '3', '4'].map((value) =>
          replace(card({ beneficiary: { identifier: { value } } }), {
            ...asPatient(jane),
            ...current,
          }),
        ),
      );
      assert.deepEqual(answers.map(({ status }) => status).toSorted(), [201, 409, 409, 409]);
    });

    it('is asked for in one form only', async () => {
      const form =
        "400 INVALID_SEARCH_DATA Invalid search data provided - 'Coverage search request must follow the format /Coverage?subscriber:identifier=NHS_NUMBER'";
      for (const query of ['', '?year=2003', `?subscriber:identifier=${jane}&year=2003`])
        assert.equal(because(await get(`/Coverage${query}`, asPatient(jane))), form);
    });

    it('is the patient’s own, whatever number is asked for', async () => {
      assert.equal(because(await show(jane, asPatient(paula))), ownOnly);
      assert.equal(because(await show('9999999990', asPatient(paula))), ownOnly);
      assert.equal(because(await replace(card(), { ...asPatient(paula), ...current })), ownOnly);
      assert.equal(because(await show('9999999990', {})), '400 INVALID_RESOURCE_ID');
      assert.equal(because(await show('9111231130')), '404 RESOURCE_NOT_FOUND');
    });

    it('is not for workers or applications, in the published words', async () => {
      for (const [mode, word] of [
        ['worker', 'user-restricted'],
        ['app', 'application-restricted'],
        ['privileged', 'privileged-application-restricted'],
      ]) {
        const headers = { 'x-gatehouse-act-as': mode ?? '', ...current };
        for (const [answer, method] of [
          [await show(jane, headers), 'GET'],
          [await replace(card(), headers), 'POST'],
        ] as const) {
          assert.equal(
            because(answer),
            '403 ACCESS_DENIED Your app has insufficient permissions to use this operation. Please contact support.',
          );
          assert.equal(
            answer.json.issue[0].details.coding[0].display,
            `Cannot ${method} resource with ${word ?? ''} access token`,
          );
        }
      }
    });

    it('of a merged record is read through the old number and not replaced under it', async () => {
      const answer = await show('9732019735');
      assert.equal(answer.status, 200);
      assert.equal(answer.json.entry[0].resource.subscriber.identifier.value, '9732019638');
      const headers = { ...asPatient('9732019735'), 'if-match': answer.headers.get('etag') ?? '' };
      assert.equal(
        because(await replace(card(of('9732019735')), headers)),
        '403 FORBIDDEN_UPDATE Forbidden update with error - Update Failed - NHS No. supplied has been superseded in a merge',
      );
      assert.equal(because(await replace(card(of('9732019638')), headers)), ownOnly);
    });

    it('is refused with the value and the place, or with what is missing', async () => {
      const invalid = (value: string, path: string) =>
        `400 INVALID_VALUE Invalid value - '${value}' in field '${path}'`;
      const missing = (path: string) => `400 MISSING_VALUE Missing value - '${path}'`;
      const two = [{ identifier: { value: 'DE98765' } }, { identifier: { value: 'FR98765' } }];
      const rows: [Record<string, unknown>, string][] = [
        [
          {
            identifier: [
              { assigner: { identifier: { system: 'urn:iso:std:iso:3166', value: 'DEU' } } },
            ],
          },
          missing('identifier/0/value'),
        ],
        [{ beneficiary: { identifier: {} } }, missing('beneficiary/identifier/value')],
        [{ payor: undefined }, missing('payor')],
        [{ period: { end: '1860-12-15' } }, invalid('1860-12-15', 'period/end')],
        [{ payor: [{ identifier: { value: '' } }] }, invalid('', 'payor/0/identifier/value')],
        [
          { payor: two },
          "400 TOO_MANY_VALUES_SUBMITTED Too many values submitted - [{'identifier': {'value': 'DE98765'}}, {'identifier': {'value': 'FR98765'}}] in field 'payor'",
        ],
        [
          { note: 'x' },
          "400 ADDITIONAL_PROPERTIES Invalid request with error - Additional properties are not allowed ('note' was unexpected)",
        ],
      ];
      for (const [more, expected] of rows)
        assert.equal(
          because(await replace(card(more), { ...asPatient(jane), ...current })),
          expected,
        );
      assert.equal((await show(jane)).headers.get('etag'), 'W/"2"');
    });
  });
});
