/**
 * The house: which room may enter which, and which npm packages it may use. Checked by `check-rooms.ts`.
 *
 * @module
 */

/** What one room may use: other rooms by their path, npm packages by their name, and what its tests may use besides. */
export type RoomRule = {
  readonly rooms: readonly string[];
  readonly packages: readonly string[];
  readonly testRooms?: readonly string[];
  readonly testPackages?: readonly string[];
  /** The Node modules that its source may use; all of them where this is absent. */
  readonly builtins?: readonly string[];
};

/** The whole table, and the rules that are not about a single room. */
export type House = {
  readonly scope: string;
  readonly rooms: Readonly<Record<string, RoomRule>>;
  /** What the tests of every room may use besides. */
  readonly everyTest: { readonly rooms: readonly string[]; readonly packages: readonly string[] };
  /** Modules that only some folders may import. */
  readonly onlyIn: Readonly<Record<string, readonly string[]>>;
  /** Files that may say `export *`. */
  readonly starDoors: readonly string[];
  /** Where nouns (what crosses the wire) know no verbs (what is done to a group). */
  readonly nouns: {
    readonly folder: string;
    /** A file is a verb when its name is one of these or begins with one of these and a dash. */
    readonly verbs: readonly string[];
    /** Files and folders, relative to `folder`, that may import verbs although their name is none. */
    readonly exempt: readonly string[];
  };
};

const core = ['libs/codec', 'libs/crypto', 'libs/mls'];

/** A service room: the contract, the kit, a store, and as much MLS as it must know. */
const serviceRoom: RoomRule = {
  rooms: [...core, 'libs/identity', 'libs/contract', 'libs/storage', 'libs/service'],
  packages: ['jose'],
  testRooms: ['libs/client'],
  testPackages: ['@grpc/grpc-js'],
};

/** Canopy's own house. */
export const house: House = {
  scope: '@canopy/',
  rooms: {
    'libs/codec': { rooms: [], packages: [], builtins: [] },
    'libs/vectors': { rooms: [], packages: [] },
    'libs/contract': { rooms: [], packages: ['@bufbuild/protobuf', '@grpc/grpc-js', '@opentelemetry/api'] },
    'libs/storage': {
      rooms: [],
      packages: ['redis'],
      testPackages: ['testcontainers', '@testcontainers/redis'],
    },
    // Its optional peer sodium-native is loaded by createRequire: no import may depend on it.
    'libs/crypto': {
      rooms: ['libs/codec'],
      packages: [],
      builtins: ['node:crypto', 'node:module', 'node:util'],
    },
    'libs/mls': { rooms: ['libs/codec', 'libs/crypto'], packages: [], builtins: ['node:util'] },
    'libs/service': {
      rooms: ['libs/contract'],
      packages: [
        '@grpc/grpc-js',
        '@grpc/reflection',
        '@grpc/proto-loader',
        '@opentelemetry/api',
        '@opentelemetry/context-async-hooks',
        '@opentelemetry/core',
        '@opentelemetry/exporter-trace-otlp-proto',
        '@opentelemetry/resources',
        '@opentelemetry/sdk-trace-base',
        'grpc-health-check',
        'jose',
        'pino',
        'prom-client',
      ],
    },
    'libs/identity': { rooms: core, packages: ['@peculiar/asn1-schema', '@peculiar/asn1-x509', 'jose'] },
    'libs/client': {
      rooms: [...core, 'libs/identity', 'libs/contract'],
      packages: ['@grpc/grpc-js', 'jose'],
    },
    'apps/authentication-service': {
      ...serviceRoom,
      testPackages: ['@grpc/grpc-js', 'oidc-provider', 'testcontainers'],
    },
    'apps/key-directory': { ...serviceRoom, testPackages: ['@grpc/grpc-js', 'testcontainers'] },
    'apps/delivery-service': { ...serviceRoom, testPackages: ['@grpc/grpc-js', 'testcontainers'] },
    'apps/interop': { rooms: [...core, 'libs/contract'], packages: ['@grpc/grpc-js'] },
    // Starts the services as child processes: it speaks to them, it does not import them.
    'apps/demo': {
      rooms: ['libs/codec', 'libs/identity', 'libs/contract', 'libs/client'],
      packages: ['@grpc/grpc-js'],
    },
    'apps/fuzz': { rooms: core, packages: [] },
    // Starts the services as child processes too, and looks into their stores from outside.
    'apps/attack': {
      rooms: ['libs/crypto', 'libs/mls', 'libs/identity', 'libs/contract'],
      packages: ['@grpc/grpc-js', '@grpc/proto-loader'],
    },
    // Its peers are npm packages of their own folder, loaded by name: none of them is a dependency.
    'apps/bench': { rooms: core, packages: [] },
    // Starts the services as child processes, as apps/demo does; of the kit it needs what its no-op service is built with.
    'apps/bench-services': {
      rooms: ['libs/crypto', 'libs/mls', 'libs/identity', 'libs/contract', 'libs/service'],
      packages: ['@grpc/grpc-js'],
    },
  },
  everyTest: { rooms: ['libs/vectors'], packages: ['@jest/globals', 'fast-check'] },
  onlyIn: {
    'node:sqlite': [
      'libs/storage/src/sqlite',
      'libs/storage/test',
      'libs/client/src',
      'libs/client/test',
      'apps/attack/src/malformed',
    ],
    redis: ['libs/storage/src/redis', 'libs/storage/test'],
  },
  starDoors: ['libs/contract/src/index.ts'],
  nouns: {
    folder: 'libs/mls/src',
    verbs: [
      'create',
      'process',
      'validate',
      'apply',
      'join',
      'add',
      'protect',
      'unprotect',
      'derive',
      'require',
      'select',
    ],
    exempt: ['index.ts', 'group'],
  },
};
