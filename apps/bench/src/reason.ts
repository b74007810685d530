/**
 * Errors as reasons for tables: one line, without paths of the machine.
 *
 * @module
 */

/** An absolute path, on any platform, up to its last part. */
const FOLDERS = /(?<![\w.@-])(?:file:\/\/)?(?:[A-Za-z]:)?(?:[/\\][^\s/\\:'"`()]+)*[/\\](?=[^\s/\\:'"`()])/g;

/** Gives the first line of an error; where a file lies on this machine is nobody's business on a page. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const line = text.split('\n', 1)[0]?.trim() ?? '';
  return line.replaceAll(FOLDERS, '') || 'it failed without saying why';
}
