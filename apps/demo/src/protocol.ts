/**
 * What the demo and its member processes say to each other: one JSON object a line.
 *
 * @module
 */

/** A command to a member process; everything travels as text. */
export interface Command {
  readonly id: number;
  readonly name: string;
  readonly parameters: readonly string[];
}

/** Named texts: the result of a command, or the fields of an event. */
export type Fields = Readonly<Record<string, string>>;

/** What a member process says. */
export type Reply =
  | { readonly kind: 'result'; readonly id: number; readonly fields: Fields }
  | { readonly kind: 'failure'; readonly id: number; readonly reason: string }
  | { readonly kind: 'event'; readonly fields: Fields };

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseObject(line: string): Json {
  const value: unknown = JSON.parse(line);
  if (!isObject(value)) throw new TypeError('a line has to be a JSON object');
  return value;
}

function numberIn(object: Json, name: string): number {
  const value = object[name];
  if (typeof value !== 'number') throw new TypeError(`${name} has to be a number`);
  return value;
}

function textIn(object: Json, name: string): string {
  const value = object[name];
  if (typeof value !== 'string') throw new TypeError(`${name} has to be text`);
  return value;
}

function fieldsIn(object: Json, name: string): Fields {
  const value = object[name];
  if (!isObject(value)) throw new TypeError(`${name} has to be an object`);
  return Object.fromEntries(Object.keys(value).map((key) => [key, textIn(value, key)]));
}

/** Reads a command. @throws TypeError, SyntaxError */
export function parseCommand(line: string): Command {
  const object = parseObject(line);
  const parameters = object['parameters'];
  if (!Array.isArray(parameters)) throw new TypeError('parameters has to be an array');
  return { id: numberIn(object, 'id'), name: textIn(object, 'name'), parameters: parameters.map(String) };
}

/** Reads a reply. @throws TypeError, SyntaxError */
export function parseReply(line: string): Reply {
  const object = parseObject(line);
  switch (object['kind']) {
    case 'result':
      return { kind: 'result', id: numberIn(object, 'id'), fields: fieldsIn(object, 'fields') };
    case 'failure':
      return { kind: 'failure', id: numberIn(object, 'id'), reason: textIn(object, 'reason') };
    case 'event':
      return { kind: 'event', fields: fieldsIn(object, 'fields') };
    default:
      throw new TypeError('a reply has to be a result, a failure or an event');
  }
}
