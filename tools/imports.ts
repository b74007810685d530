/**
 * Finds the imports of a TypeScript file without a compiler: tokens first, so that comments, strings and templates do not deceive.
 *
 * @module
 */

/** One import or re-export. */
export type Import = {
  readonly specifier: string;
  readonly line: number;
  /** `star` is an `export *` without a name; `computed` a dynamic import whose target cannot be read. */
  readonly kind: 'import' | 'export' | 'star' | 'dynamic' | 'computed';
  readonly typeOnly: boolean;
};

type Token = { readonly text: string; readonly line: number; readonly string: boolean };

// One alternative a kind of token. Whatever matches none of them is skipped a character at a time.
const TOKEN =
  /(?<space>\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<quoted>'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*")|(?<word>[\p{ID_Start}$_#][\p{ID_Continue}$]*|\d[\w.]*)|(?<template>`)|(?<regex>\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])*\/[a-z]*)|(?<mark>[\s\S])/uy;

// After one of these words a slash begins a regular expression; after any other word it divides.
const BEFORE_REGEX = new Set([
  'return',
  'typeof',
  'case',
  'in',
  'of',
  'do',
  'else',
  'void',
  'delete',
  'await',
  'yield',
]);

/** Says whether a slash after this token begins a regular expression. */
function beginsRegex(previous: Token | undefined): boolean {
  if (previous === undefined) return true;
  if (previous.string) return false;
  if (/^[\p{ID_Start}$_\d]/u.test(previous.text)) return BEFORE_REGEX.has(previous.text);
  return ![')', ']', '}'].includes(previous.text);
}

/** Cuts a source text into tokens. */
class Tokenizer {
  readonly tokens: Token[] = [];
  #at = 0;
  #line = 1;
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  run(): readonly Token[] {
    while (this.#at < this.#source.length) this.#code(false);
    return this.tokens;
  }

  /** Reads code; inside a template's `${ }` up to the brace that closes it. */
  #code(inTemplate: boolean): void {
    let depth = 0;
    while (this.#at < this.#source.length) {
      const mark = this.#next();
      if (mark === '}' && inTemplate && depth === 0) return;
      depth += mark === '{' ? 1 : mark === '}' ? -1 : 0;
    }
  }

  /** Reads one token and gives it back where it is a mark. */
  #next(): string | undefined {
    const { quoted, word, template, mark } = this.#match();
    if (quoted !== undefined) this.#push(quoted.slice(1, -1), true);
    else if (template !== undefined) this.#template();
    else if (word !== undefined || mark !== undefined) this.#push(word ?? mark ?? '', false);
    return mark;
  }

  #match(): Partial<Record<string, string>> {
    TOKEN.lastIndex = this.#at;
    const groups: Partial<Record<string, string>> = TOKEN.exec(this.#source)?.groups ?? {};
    const isDivision = groups['regex'] !== undefined && !beginsRegex(this.tokens.at(-1));
    const match = isDivision ? { mark: '/' } : groups;
    this.#advance(Object.values(match).find((text) => text !== undefined) ?? '?');
    return match;
  }

  #advance(text: string): void {
    this.#at += text.length;
    for (const character of text) if (character === '\n') this.#line += 1;
  }

  /** Reads a template after its first backtick. A template without holes is a string. */
  #template(): void {
    const line = this.#line;
    let text = '';
    let plain = true;
    for (;;) {
      const next = this.#source[this.#at];
      if (next === undefined || next === '`') break;
      if (this.#source.startsWith('${', this.#at)) {
        plain = false;
        this.#advance('${');
        this.#code(true);
        continue;
      }
      const piece = next === '\\' ? this.#source.slice(this.#at, this.#at + 2) : next;
      text += piece;
      this.#advance(piece);
    }
    this.#advance('`');
    this.tokens.push(plain ? { text, line, string: true } : { text: '`', line, string: false });
  }

  #push(text: string, string: boolean): void {
    this.tokens.push({ text, line: this.#line, string });
  }
}

/** Finds every import and re-export of a source text, static, dynamic and in types. */
export function findImports(source: string): readonly Import[] {
  const tokens = new Tokenizer(source).run();
  const found: Import[] = [];
  tokens.forEach((token, at) => {
    if (token.string || tokens[at - 1]?.text === '.') return;
    const one =
      token.text === 'import'
        ? readImport(tokens, at)
        : token.text === 'export'
          ? readExport(tokens, at)
          : undefined;
    if (one !== undefined) found.push(one);
  });
  return found;
}

function readImport(tokens: readonly Token[], at: number): Import | undefined {
  const next = tokens[at + 1];
  if (next === undefined || next.text === '.' || next.text === ':') return undefined;
  if (next.string) return { specifier: next.text, line: next.line, kind: 'import', typeOnly: false };
  if (next.text === '(') return readDynamic(tokens, at + 2);
  return readFrom(tokens, at, 'import');
}

function readDynamic(tokens: readonly Token[], at: number): Import | undefined {
  const target = tokens[at];
  if (target === undefined) return undefined;
  const plain = target.string && [')', ','].includes(tokens[at + 1]?.text ?? '');
  return {
    specifier: plain ? target.text : '',
    line: target.line,
    kind: plain ? 'dynamic' : 'computed',
    typeOnly: false,
  };
}

function readExport(tokens: readonly Token[], at: number): Import | undefined {
  const after = tokens[at + 1]?.text === 'type' ? at + 2 : at + 1;
  const first = tokens[after]?.text;
  if (first === '*') return readFrom(tokens, at, tokens[after + 1]?.text === 'as' ? 'export' : 'star');
  if (first !== '{') return undefined;
  const close = tokens.findIndex((token, index) => index > after && token.text === '}' && !token.string);
  return tokens[close + 1]?.text === 'from' ? readFrom(tokens, at, 'export') : undefined;
}

/** Reads on to `from '…'`. */
function readFrom(tokens: readonly Token[], at: number, kind: Import['kind']): Import | undefined {
  const length = tokens.slice(at).findIndex((token) => token.text === ';' && !token.string);
  const end = length < 0 ? tokens.length : at + length;
  const from = tokens.findIndex(
    (token, index) =>
      index > at && index < end && token.text === 'from' && tokens[index + 1]?.string === true,
  );
  const target = tokens[from + 1];
  if (from < 0 || target === undefined) return undefined;
  return { specifier: target.text, line: target.line, kind, typeOnly: tokens[at + 1]?.text === 'type' };
}
