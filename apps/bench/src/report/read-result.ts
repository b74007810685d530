/**
 * Reads the JSON of an earlier run.
 *
 * @module
 */

import {
  operationNames,
  sizeNames,
  type BenchmarkResult,
  type LeftOut,
  type OperationRow,
  type SizeRow,
  type Target,
} from '../operations.ts';
import { treeOrder } from './names.ts';

const leftOutNames = ['all', ...operationNames, ...sizeNames] as const;

/** Reads what `--json` wrote. @throws TypeError in plain words where it is something else */
export function readResult(text: string): BenchmarkResult {
  const result = new Fields('the result', parse(text));
  const machine = result.fields('machine');
  return {
    machine: {
      cpu: machine.text('cpu'),
      cores: machine.number('cores'),
      memoryGiB: machine.number('memoryGiB'),
      node: machine.text('node'),
      openssl: machine.text('openssl'),
      date: machine.text('date'),
      backEnd: machine.text('backEnd'),
      peers: machine.texts('peers'),
    },
    operations: result.list('operations').map(readOperation),
    sizes: result.list('sizes').map(readSize),
    leftOut: result.list('leftOut').map(readLeftOut),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TypeError('the result is not JSON', { cause: error });
  }
}

function readOperation(row: Fields): OperationRow {
  const target = row.optionalFields('target');
  return {
    name: row.oneOf('name', operationNames),
    ...readCase(row),
    microseconds: row.number('microseconds'),
    runs: row.number('runs'),
    ...row.optionalNumbers('floorRatio', 'ratio'),
    ...(target === undefined ? {} : { target: readTarget(target) }),
  };
}

function readTarget(target: Fields): Target {
  return target.optionalNumbers('ratio', 'floorRatio', 'growth');
}

function readSize(row: Fields): SizeRow {
  return { name: row.oneOf('name', sizeNames), ...readCase(row), bytes: row.number('bytes') };
}

function readLeftOut(row: Fields): LeftOut {
  const { tree, ...rest } = { ...readSizes(row), tree: row.optionalOneOf('tree', treeOrder) };
  return {
    name: row.oneOf('name', leftOutNames),
    ...(tree === undefined ? {} : { tree }),
    ...rest,
    reason: row.text('reason'),
  };
}

function readCase(row: Fields): Pick<OperationRow, 'tree' | 'members' | 'suite' | 'peer'> {
  return { tree: row.oneOf('tree', treeOrder), ...readSizes(row) };
}

function readSizes(row: Fields): Pick<OperationRow, 'members' | 'suite' | 'peer'> {
  return { members: row.number('members'), suite: row.number('suite'), peer: row.text('peer') };
}

/** The fields of an object whose type is not known yet. */
class Fields {
  readonly #path: string;
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(path: string, value: unknown) {
    if (!isRecord(value)) throw new TypeError(`${path} is not an object`);
    this.#path = path;
    this.#fields = value;
  }

  text(name: string): string {
    const value = this.#fields[name];
    if (typeof value !== 'string') throw this.#refusal(name, 'a text');
    return value;
  }

  number(name: string): number {
    const value = this.#fields[name];
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.#refusal(name, 'a number');
    return value;
  }

  optionalNumbers<Name extends string>(...names: readonly Name[]): Partial<Record<Name, number>> {
    const found: Partial<Record<Name, number>> = {};
    for (const name of names) if (this.#fields[name] !== undefined) found[name] = this.number(name);
    return found;
  }

  oneOf<Text extends string>(name: string, texts: readonly Text[]): Text {
    const found = texts.find((text) => text === this.#fields[name]);
    if (found === undefined) throw this.#refusal(name, `one of ${texts.join(', ')}`);
    return found;
  }

  optionalOneOf<Text extends string>(name: string, texts: readonly Text[]): Text | undefined {
    return this.#fields[name] === undefined ? undefined : this.oneOf(name, texts);
  }

  fields(name: string): Fields {
    return new Fields(`${this.#path}.${name}`, this.#fields[name]);
  }

  optionalFields(name: string): Fields | undefined {
    return this.#fields[name] === undefined ? undefined : this.fields(name);
  }

  list(name: string): readonly Fields[] {
    return this.#items(name).map((item, i) => new Fields(`${this.#path}.${name}[${i}]`, item));
  }

  texts(name: string): readonly string[] {
    const items = this.#items(name);
    const texts = items.filter((item) => typeof item === 'string');
    if (texts.length < items.length) throw this.#refusal(name, 'a list of texts');
    return texts;
  }

  #items(name: string): readonly unknown[] {
    const value = this.#fields[name];
    if (!Array.isArray(value)) throw this.#refusal(name, 'a list');
    return value;
  }

  #refusal(name: string, expected: string): TypeError {
    return new TypeError(`${this.#path}.${name} is not ${expected}`);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
