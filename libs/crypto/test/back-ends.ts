import type { BackEndName } from '../src/back-end/back-end.ts';
import { loadSodiumNative } from '../src/back-end/sodium-native.ts';
import type { CipherSuiteId } from '../src/index.ts';
import { SUITES } from './seeded.ts';

const loaded = loadSodiumNative();

if (!loaded.found && process.env['CI'] === 'true') {
  throw new Error('sodium-native is not installed, or has no binary here', { cause: loaded.cause });
}

/** The back ends that are installed here; in CI it is a fault when one is missing. */
export const BACK_ENDS: readonly BackEndName[] = loaded.found ? ['node', 'sodium'] : ['node'];

/** The suites with a curve that libsodium has. */
export const SODIUM_SUITES = [1, 3] as const;

/** Every suite with every back end that computes with its keys. */
export const SUITES_BY_BACK_END: readonly (readonly [CipherSuiteId, BackEndName])[] = [
  ...SUITES.map((id) => [id, 'node'] as const),
  ...(loaded.found ? SODIUM_SUITES.map((id) => [id, 'sodium'] as const) : []),
];
