/**
 * Which back end is used: what the caller asks for, or else the environment, or else what is installed.
 *
 * @module
 */

import { CryptoError } from '../errors.ts';
import type { BackEnd, BackEndName } from './back-end.ts';
import { nodeBackEnd } from './node.ts';
import { loadSodiumNative, type Loaded } from './sodium-native.ts';
import { createSodiumBackEnd } from './sodium.ts';

/** The environment variable that programs are told by: `node` or `sodium`. */
export const BACK_END_VARIABLE = 'CANOPY_CRYPTO';

const INSTALL = `the npm package sodium-native is not installed, or has no binary for this machine; install it, or do without by ${BACK_END_VARIABLE}=node`;

/** Makes the function that chooses. The environment is read, and the package loaded, when it matters and once. */
export function createChooser(
  environment: Readonly<Record<string, string | undefined>>,
  load: () => Loaded,
): (asked?: BackEndName) => BackEnd {
  let sodiumBackEnd: BackEnd | undefined;
  let byDefault: BackEnd | undefined;
  const demand = (): BackEnd => {
    const loaded = load();
    if (!loaded.found) throw new CryptoError('MISSING_BACK_END', INSTALL, { cause: loaded.cause });
    sodiumBackEnd ??= createSodiumBackEnd(loaded.sodium);
    return sodiumBackEnd;
  };
  const choose = (asked: BackEndName | undefined): BackEnd => {
    if (asked === 'node') return nodeBackEnd;
    return asked === 'sodium' || load().found ? demand() : nodeBackEnd;
  };
  return (asked) => {
    if (asked !== undefined) return choose(nameOf(asked, 'the option backEnd'));
    byDefault ??= choose(nameOf(environment[BACK_END_VARIABLE], BACK_END_VARIABLE));
    return byDefault;
  };
}

function nameOf(text: string | undefined, where: string): BackEndName | undefined {
  // An empty variable is how some shells and manifests write one that is not set.
  if (text === undefined || text === '') return undefined;
  if (text === 'node' || text === 'sodium') return text;
  throw new CryptoError('UNKNOWN_BACK_END', `${where} is 'node' or 'sodium', found '${text}'`);
}

/** Gives the back end. @throws CryptoError UNKNOWN_BACK_END, MISSING_BACK_END */
export const chooseBackEnd: (asked?: BackEndName) => BackEnd = createChooser(process.env, loadSodiumNative);
