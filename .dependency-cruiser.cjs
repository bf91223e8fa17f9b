// Who may import whom. Anything not allowed here is an error (docs/decisions/0002-layers-and-doors.md).
const layers = {
  core: ['core'],
  fhir: ['core', 'fhir'],
  certs: ['core', 'certs'],
  spine: ['core', 'fhir', 'spine'],
  'server/store': ['core', 'server/store'],
  'server/audit': ['core', 'server/audit'],
  'server/catalogue': ['core', 'server/catalogue'],
  'server/auth': ['core', 'server/catalogue', 'server/auth'],
  'server/portal': ['core', 'server/catalogue', 'server/portal'],
  'server/gateway': ['core', 'fhir', 'server/catalogue', 'server/gateway'],
  'server/observe': ['core', 'server/catalogue', 'server/observe'],
  'server/[^/]+\\.ts': ['core', 'fhir', 'spine', 'certs', 'server'],
  scripts: ['core', 'fhir', 'spine', 'certs', 'server', 'scripts'],
};

// Each library has one door. Type-only imports may pass.
const doors = {
  ajv: '^core/schema',
  winston: '^core/log',
  saxes: '^core/xml',
  'fhir-kit-client': '^fhir/pds/',
  '@photostructure/sqlite': '^server/store/sqlite',
  mongoose: '^server/store/mongo',
  '@node-oauth/oauth2-server': '^server/auth/',
  jose: '^server/auth/',
  undici: '^(bench|test)/',
  'xml-crypto': '^spine/sso/',
  nodemailer: '^server/observe/mail',
  'prom-client': '^server/observe/metrics',
  '@opentelemetry/': '^server/observe/tracing',
  yaml: '^server/catalogue/openapi/',
  express: '^server/',
  commander: '^scripts/gatehouse/',
  'markdown-it': '^server/portal/markdown',
  minisearch: '^server/portal/search',
};

const path = (names) => `^(${names.join('|')})(/|$)`;

// What is no part of the product may import anything: journeys, the bench, conformance suites and tests.
const free = '^(test|bench)/|\\.(test|conformance)\\.ts$';

module.exports = {
  allowedSeverity: 'error',
  allowed: [
    ...Object.entries(layers).map(([from, to]) => ({
      from: { path: path([from]) },
      to: { path: path(to) },
    })),
    { from: { path: free }, to: {} },
    { from: {}, to: { dependencyTypes: ['core', 'npm', 'npm-dev'] } },
  ],
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...Object.entries(doors).map(([library, door]) => ({
      name: `one-door-for-${library.replace(/\W+/g, '-')}`,
      severity: 'error',
      from: { pathNot: [door, '^(test|bench)/', '\\.test\\.ts$'] },
      to: { path: `node_modules/(@types/)?${library}`, dependencyTypesNot: ['type-only'] },
    })),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage|var)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
