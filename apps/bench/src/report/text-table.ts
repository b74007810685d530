/**
 * Tables of text, for the terminal and for Markdown.
 *
 * @module
 */

/** A column; its head may have several lines. */
export interface Column {
  readonly head: readonly string[];
  readonly align: 'left' | 'right';
}

/** A table; each row has a cell for each column. */
export interface TextTable {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

/** Gives the lines of a table for the terminal. */
export function plainLines({ columns, rows }: TextTable): readonly string[] {
  const depth = Math.max(...columns.map(({ head }) => head.length));
  // A head that has fewer lines than others stands at the bottom.
  const heads = Array.from({ length: depth }, (_, line) =>
    columns.map(({ head }) => head[line - depth + head.length] ?? ''),
  );
  const widths = widthsOf(columns, [...heads, ...rows]);
  const write = (cells: readonly string[]): string => padCells(cells, columns, widths).join('  ').trimEnd();
  return [...heads.map(write), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(write)];
}

/** Gives the lines of a table for Markdown, in the form that Prettier gives them. */
export function markdownLines({ columns, rows }: TextTable): readonly string[] {
  const heads = columns.map(({ head }) => head.join(' '));
  const widths = widthsOf(columns, [heads, ...rows, columns.map(() => '---')]);
  const rule = columns.map(({ align }, i) => {
    const width = widths[i] ?? 0;
    return align === 'left' ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`;
  });
  return [padCells(heads, columns, widths), rule, ...rows.map((row) => padCells(row, columns, widths))].map(
    (cells) => `| ${cells.join(' | ')} |`,
  );
}

function widthsOf(columns: readonly Column[], lines: readonly (readonly string[])[]): readonly number[] {
  return columns.map((_, i) => Math.max(...lines.map((cells) => cells[i]?.length ?? 0)));
}

function padCells(
  cells: readonly string[],
  columns: readonly Column[],
  widths: readonly number[],
): readonly string[] {
  return columns.map(({ align }, i) => {
    const cell = cells[i] ?? '';
    return align === 'left' ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0);
  });
}
