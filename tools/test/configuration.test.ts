/**
 * The page about configuration says what the code says.
 *
 * @module
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';
import { describeConfig, serverSettings } from '@canopy/service';

const page = join(import.meta.dirname, '../../docs/operations/configuration.md');

/** The rows of a Markdown table, without the spaces and dashes that a formatter may change. */
const rows = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^[|\s-]+$/.test(line))
    .map((line) => line.replaceAll(/\s*\|\s*/g, '|').trim());

describe('docs/operations/configuration.md', () => {
  it('has the table of the settings that all services share', () => {
    expect(rows(readFileSync(page, 'utf8'))).toEqual(rows(describeConfig(serverSettings)));
  });
});
