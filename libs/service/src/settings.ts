/**
 * The kinds of settings that a configuration is made of.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Secret } from './secret.ts';

/** One setting: how it is named, explained and read. */
export interface Setting<T> {
  /** The name of the environment variable. */
  readonly env: string;
  readonly description: string;
  /** What a value looks like, in words. */
  readonly form: string;
  /** The default, as it would stand in the environment. */
  readonly default?: string | undefined;
  /** Whether the value may be missing. */
  readonly optional: boolean;
  /** Whether the value must never be shown, and may come from the file that `<env>_FILE` names. */
  readonly secret: boolean;
  /** Reads a value. @throws {SettingFault} */
  parse(value: string | undefined): T;
}

/** A value that a setting does not take; the message says what it takes. */
export class SettingFault extends Error {
  override readonly name = 'SettingFault';
}

/** What every setting says about itself. */
export interface SettingOptions {
  readonly env: string;
  readonly description: string;
  readonly default?: string;
}

/** Makes a setting that may be missing. */
export function optional<T>(setting: Setting<T>): Setting<T | undefined> {
  const parse = (value: string | undefined): T | undefined =>
    value === undefined ? undefined : setting.parse(value);
  return { ...setting, optional: true, parse };
}

/** Makes a setting that takes only some of the values of another one; the form says which. */
export function only<T>(setting: Setting<T>, form: string, accepts: (value: T) => boolean): Setting<T> {
  const parse = (value: string | undefined): T => {
    const parsed = setting.parse(value);
    if (!accepts(parsed)) {
      throw new SettingFault('is not such a value');
    }
    return parsed;
  };
  return { ...setting, form, parse };
}

/** Takes any text that is not empty. */
export function text(options: SettingOptions): Setting<string> {
  return define(options, 'text', (value) => value);
}

/** Takes a whole number within bounds. */
export function integer(
  options: SettingOptions & { readonly minimum: number; readonly maximum: number },
): Setting<number> {
  const form = `whole number, ${options.minimum} to ${options.maximum}`;
  return define(options, form, (value) => within(/^-?\d{1,15}$/.test(value) ? Number(value) : NaN, options));
}

/** Takes a TCP port; 0 lets the system choose. */
export function port(options: SettingOptions): Setting<number> {
  return integer({ ...options, minimum: 0, maximum: 65_535 });
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** Takes a time like `500ms`, `10s`, `5m`, `12h`, `30d`, as milliseconds. */
export function duration(
  options: SettingOptions & { readonly minimumMs?: number; readonly maximumMs?: number },
): Setting<number> {
  const bounds = { minimum: options.minimumMs ?? 0, maximum: options.maximumMs ?? Number.MAX_SAFE_INTEGER };
  return define(options, 'time, as in 500ms, 10s, 5m, 12h, 30d', (value) => {
    const [, amount, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(value) ?? [];
    return within(Number(amount) * (UNITS.get(unit ?? '') ?? NaN), bounds);
  });
}

/** Takes `true` or `false`, also as `1` or `0`. */
export function flag(options: SettingOptions): Setting<boolean> {
  return define(options, 'true or false', (value) => {
    if (!['true', 'false', '1', '0'].includes(value)) {
      throw new SettingFault('is neither true nor false');
    }
    return value === 'true' || value === '1';
  });
}

/** Takes one of a few words. */
export function choice<const Word extends string>(
  options: SettingOptions & { readonly words: readonly Word[] },
): Setting<Word> {
  return define(options, `one of ${options.words.join(', ')}`, (value) => {
    const word = options.words.find((candidate) => candidate === value);
    if (word === undefined) {
      throw new SettingFault('is not one of them');
    }
    return word;
  });
}

/** Takes the path of a file or folder, relative to the working directory. */
export function path(options: SettingOptions): Setting<string> {
  return define(options, 'path', (value) => resolve(value));
}

/** Takes the address of something on the web, without a user or a password in it. */
export function webAddress(options: SettingOptions): Setting<string> {
  return define(options, 'http://host:port or https://host:port, with a path', (value) => {
    const url = URL.parse(value);
    if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username + url.password !== '') {
      throw new SettingFault('is no such address');
    }
    return value;
  });
}

/** Takes texts with commas between them. */
export function list(options: SettingOptions): Setting<readonly string[]> {
  return define(options, 'texts with commas between', (value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );
}

/** Takes a secret, from the variable itself or from the file that `<env>_FILE` names. */
export function secret(
  options: Omit<SettingOptions, 'default'> & { readonly minimumLength?: number },
): Setting<Secret> {
  const minimum = options.minimumLength ?? 1;
  const made = define(options, `secret of at least ${minimum} characters`, (value) => {
    if (value.length < minimum) {
      throw new SettingFault(`has only ${value.length} characters`);
    }
    return new Secret(value);
  });
  return { ...made, secret: true };
}

/** Finds what an environment says about a setting; an empty value says nothing. @throws {SettingFault} */
export function findValue(setting: Setting<unknown>, environment: NodeJS.ProcessEnv): string | undefined {
  const direct = environment[setting.env];
  if (direct !== undefined && direct !== '') {
    return direct;
  }
  const file = setting.secret ? environment[`${setting.env}_FILE`] : undefined;
  return file === undefined || file === '' ? setting.default : readSecretFile(file);
}

function readSecretFile(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new SettingFault(`names a file that cannot be read, ${file}`, { cause: error });
  }
}

function define<T>(options: SettingOptions, form: string, parse: (value: string) => T): Setting<T> {
  return {
    env: options.env,
    description: options.description,
    form,
    default: options.default,
    optional: false,
    secret: false,
    parse(value) {
      if (value === undefined) {
        throw new SettingFault('is missing');
      }
      return parse(value);
    },
  };
}

function within(value: number, bounds: { readonly minimum: number; readonly maximum: number }): number {
  if (!(value >= bounds.minimum && value <= bounds.maximum)) {
    throw new SettingFault('is not such a value');
  }
  return value;
}
