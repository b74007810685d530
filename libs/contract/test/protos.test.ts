import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../../../proto/canopy');
const protos = readdirSync(root).map((name) => ({
  name: `canopy.${name}.v1`,
  lines: readFileSync(join(root, name, 'v1', `${name}.proto`), 'utf8').split('\n'),
}));

/** A service, an rpc, a message, an enum, a field or a value of an enum. */
const DECLARATION = /^\s*(?:(?:service|rpc|message|enum) \w|[\w. ]+ = \d+(?:;| \[))/u;

/** What a file declares, each with the line above it. */
function declarationsOf(
  lines: readonly string[],
): readonly { readonly line: string; readonly above: string }[] {
  return lines.flatMap((line, i) => (DECLARATION.test(line) ? [{ line, above: lines[i - 1] ?? '' }] : []));
}

describe('the protos', () => {
  it('are proto3 packages of the three services', () => {
    const heads = protos.map(({ lines }) => [lines[0], lines.find((line) => line.startsWith('package '))]);
    expect(heads).toEqual(
      ['authentication', 'delivery', 'directory'].map((name) => [
        'syntax = "proto3";',
        `package canopy.${name}.v1;`,
      ]),
    );
  });

  it.each(protos)('of $name say of every call, message and field what it is', ({ lines }) => {
    const declarations = declarationsOf(lines);
    expect(declarations.length).toBeGreaterThan(50);
    const bare = declarations.filter(({ above }) => !/^\s*\/\/ \S/u.test(above));
    expect(bare.map(({ line }) => line.trim())).toEqual([]);
  });
});
