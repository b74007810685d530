/**
 * Scripts: the atomic steps.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** One part of a command. */
export type Argument = string | Uint8Array;

/** Keys and arguments of a script; all keys are in one slot, the first decides which. */
export interface ScriptCall {
  readonly keys: readonly string[];
  readonly arguments: readonly Argument[];
}

/** The script and the hash that Redis knows it by. */
export interface Script {
  readonly source: string;
  readonly sha1: string;
}

/** Reads a script from the folder beside this file; what it has in common with others goes before it. */
export function loadScript(name: string, common?: string): Script {
  const names = common === undefined ? [name] : [common, name];
  const source = names
    .map((each) => readFileSync(new URL(`./scripts/${each}.lua`, import.meta.url), 'utf8'))
    .join('\n');
  return { source, sha1: createHash('sha1').update(source).digest('hex') };
}

/** The command that runs a script which the server has. */
export function byHash(script: Script, call: ScriptCall): readonly Argument[] {
  return ['EVALSHA', script.sha1, String(call.keys.length), ...call.keys, ...call.arguments];
}

/** The command that runs a script and leaves it with the server. */
export function bySource(script: Script, call: ScriptCall): readonly Argument[] {
  return ['EVAL', script.source, String(call.keys.length), ...call.keys, ...call.arguments];
}
