/**
 * The ids of requirements: `R7.3-11` is the eleventh of section 7.3 of RFC 9420.
 *
 * @module
 */

const ID = String.raw`R\d+(?:\.\d+)*-\d{2,3}`;
const bracket = /\[R\d[^\]]*\]?/g;
const idList = new RegExp(String.raw`^\[(${ID}(?:, ${ID})*)\]$`);
const anyId = new RegExp(String.raw`\b${ID}\b`, 'g');
const onlyId = new RegExp(`^${ID}$`);

/** What a text says about requirements. */
export type FoundIds = {
  readonly ids: readonly string[];
  /** Brackets that look as if they named a requirement, but cannot be read. */
  readonly unreadable: readonly string[];
};

/** Says whether a text is an id and nothing else. */
export function isId(text: string): boolean {
  return onlyId.test(text);
}

/** Finds the ids that a title claims: those in square brackets, one or several with commas. */
export function findClaimedIds(title: string): FoundIds {
  const lists = Array.from(title.matchAll(bracket), ([found]) => found);
  const readable = lists.map((found) => idList.exec(found)?.[1]).filter((ids) => ids !== undefined);
  return {
    ids: [...new Set(readable.flatMap((ids) => ids.split(', ')))],
    unreadable: lists.filter((found) => !idList.test(found)),
  };
}

/** Finds the ids that a source file mentions anywhere. */
export function findMentionedIds(text: string): readonly string[] {
  return [...new Set(Array.from(text.matchAll(anyId), ([id]) => id))];
}

/** Gives the section of an id: `7.3` of `R7.3-11`. */
export function sectionOf(id: string): string {
  return id.slice(1, id.lastIndexOf('-'));
}

/** Gives the chapter of an id: 7 of `R7.3-11`. */
export function chapterOf(id: string): number {
  return Number.parseInt(id.slice(1), 10);
}

/** Gives the number of an id within its section: 11 of `R7.3-11`. */
export function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf('-') + 1));
}
