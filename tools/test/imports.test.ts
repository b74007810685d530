/**
 * The import scanner must see every import and be deceived by nothing.
 *
 * @module
 */

import { describe, expect, it } from '@jest/globals';

import { findImports } from '../imports.ts';

const specifiers = (source: string): readonly string[] => findImports(source).map((one) => one.specifier);

describe('findImports', () => {
  it('finds every form of import and re-export, with its line', () => {
    const source = [
      "import a, { b } from 'one';",
      "import type { C } from 'two';",
      "import 'three';",
      'export {',
      '  d,',
      "} from 'four';",
      "export type { E } from 'five';",
      "export * as f from 'six';",
      "export * from 'seven';",
      "const g = await import('eight');",
      "type H = import('nine').H;",
    ].join('\n');
    expect(findImports(source)).toEqual([
      { specifier: 'one', line: 1, kind: 'import', typeOnly: false },
      { specifier: 'two', line: 2, kind: 'import', typeOnly: true },
      { specifier: 'three', line: 3, kind: 'import', typeOnly: false },
      { specifier: 'four', line: 6, kind: 'export', typeOnly: false },
      { specifier: 'five', line: 7, kind: 'export', typeOnly: true },
      { specifier: 'six', line: 8, kind: 'export', typeOnly: false },
      { specifier: 'seven', line: 9, kind: 'star', typeOnly: false },
      { specifier: 'eight', line: 10, kind: 'dynamic', typeOnly: false },
      { specifier: 'nine', line: 11, kind: 'dynamic', typeOnly: false },
    ]);
  });

  it('is not deceived by comments, strings, templates and regular expressions', () => {
    const source = [
      "// import 'comment';",
      "/* import 'block'; */",
      'const a = "import \'string\'";',
      "const b = `import 'template' ${a /* import 'hole' */} import('text')`;",
      "const c = /import 'regex'[/'\"`]/g;",
      "const d = 4 / 2; const e = 'x'.length / 2;",
      "import 'real';",
    ].join('\n');
    expect(specifiers(source)).toEqual(['real']);
  });

  it('finds an import inside the hole of a template, and one after a nested template', () => {
    expect(
      specifiers("const a = `${(await import('inside')).x} ${`${{ b: 1 }.b}`}`; import 'after';"),
    ).toEqual(['inside', 'after']);
  });

  it('does not take import.meta, exported declarations or a property named import for an import', () => {
    const source = [
      'const a = import.meta.dirname;',
      "export const from = 'no'; export type T = 'no'; export function f(): void {}",
      "export { a }; const b = 'no';",
      "x.import('no'); const y = { import: 'no' };",
    ].join('\n');
    expect(specifiers(source)).toEqual([]);
  });

  it('marks a dynamic import whose target is computed', () => {
    expect(findImports("await import(name); await import('a' + b); await import(`a${b}`);")).toEqual([
      { specifier: '', line: 1, kind: 'computed', typeOnly: false },
      { specifier: '', line: 1, kind: 'computed', typeOnly: false },
      { specifier: '', line: 1, kind: 'computed', typeOnly: false },
    ]);
  });
});
