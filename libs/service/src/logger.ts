/**
 * Structured logs, one JSON object a line, that let no token, key, identity or message byte through.
 *
 * @module
 */
import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

/** How a logger is made. */
export interface LoggerOptions {
  /** The service's name, in every line. */
  readonly service: string;
  readonly level?: string;
  /** Where the lines go; standard output when not said. */
  readonly destination?: DestinationStream;
}

const SECRET_NAME =
  /authorization|token|secret|password|signature|proof|challenge|credential|code$|key$|jwt/i;
const TOKEN = /\beyJ[\w-]*\.[\w-]+\.[\w-]*|\bbearer\s+\S+/gi;
/** The URIs of users and devices. */
const IDENTITY = /\bmimi:\/\/[^\s"'\\]+/gi;
const MAX_DEPTH = 6;
const MAX_ENTRIES = 50;
const MAX_TEXT = 2_000;
const HIDDEN = '[hidden]';

/** Makes the logger of a service. */
export function createLogger(options: LoggerOptions): Logger {
  const settings = {
    level: options.level ?? 'info',
    base: { service: options.service },
    timestamp: pino.stdTimeFunctions.isoTime,
    // Errors are censored below; pino's own serializer would write them anew.
    serializers: { err: (err: unknown) => err },
    formatters: { bindings: censorFields, log: censorFields, level: (label: string) => ({ level: label }) },
    hooks: { streamWrite: (line: string) => line.replaceAll(TOKEN, HIDDEN).replaceAll(IDENTITY, HIDDEN) },
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}

function censorFields(fields: Record<string, unknown>): Record<string, unknown> {
  return censorEntries(Object.entries(fields), 0);
}

function censorEntries(
  entries: readonly (readonly [string, unknown])[],
  depth: number,
): Record<string, unknown> {
  const kept = entries
    .slice(0, MAX_ENTRIES)
    .map(([name, value]) => [name, censorField(name, value, depth)] as const);
  return Object.fromEntries(kept);
}

function censorField(name: string, value: unknown, depth: number): unknown {
  // A number or a flag under such a name is an exit code or a count, never a secret.
  const harmless = typeof value === 'number' || typeof value === 'boolean' || value === undefined;
  return SECRET_NAME.test(name) && name !== 'code' && !harmless ? HIDDEN : censor(value, depth + 1);
}

function censor(value: unknown, depth: number): unknown {
  if (typeof value === 'string') {
    return value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value;
  }
  if (typeof value === 'bigint') {
    return value.toString();
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return depth > MAX_DEPTH ? '[deep]' : censorObject(value, depth);
}

function censorObject(value: object, depth: number): unknown {
  if (ArrayBuffer.isView(value)) {
    return `[${value.byteLength} bytes]`;
  }
  if (value instanceof Error) {
    return censorError(value, depth);
  }
  if (Array.isArray(value)) {
    return value.slice(0, MAX_ENTRIES).map((item) => censor(item, depth + 1));
  }
  // Whoever knows how to print itself (a Secret, a Date) is asked.
  return 'toJSON' in value ? value : censorEntries(Object.entries(value), depth);
}

function censorError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const code: unknown = Reflect.get(error, 'code');
  return {
    name,
    message: censor(message, depth),
    stack: censor(stack, depth),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    // What is not an error is what the error is about: jose gives all claims of a token.
    ...(cause instanceof Error ? { cause: censor(cause, depth + 1) } : {}),
  };
}
