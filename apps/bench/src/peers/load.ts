/**
 * How the other libraries get here: they are no dependencies of Canopy, but installed in a folder of their own.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { reasonOf } from '../reason.ts';

const folder = fileURLToPath(new URL('../../peers/', import.meta.url));

/** Whether the other libraries are there to be measured. */
export type Installation =
  { readonly kind: 'installed' } | { readonly kind: 'missing'; readonly reason: string };

/** Installs the other libraries exactly as the lock file names them, unless that was done before; their scripts do not run. */
export async function installPeers(say: (line: string) => void): Promise<Installation> {
  if (isInstalled()) return { kind: 'installed' };
  say('installing the libraries to compare with (npm ci in apps/bench/peers)');
  const npm = spawn('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    shell: process.platform === 'win32',
  });
  let complaint = '';
  npm.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  try {
    const [code]: unknown[] = await once(npm, 'close');
    if (code === 0) return { kind: 'installed' };
  } catch (error) {
    complaint += String(error);
  }
  return { kind: 'missing', reason: `npm ci failed: ${reasonOf(lastErrorOf(complaint))}` };
}

// npm writes this file at the end of an installation.
function isInstalled(): boolean {
  const installed = statSync(join(folder, 'node_modules', '.package-lock.json'), { throwIfNoEntry: false });
  return installed !== undefined && installed.mtimeMs >= statSync(join(folder, 'package-lock.json')).mtimeMs;
}

function lastErrorOf(complaint: string): string {
  const lines = complaint.split('\n').filter((line) => line.startsWith('npm error'));
  return lines[0] ?? (complaint.trim() || 'it does not say why');
}

/** A library's module, and the version that is installed. */
export interface Loaded<Module> {
  readonly module: Module;
  readonly version: string;
}

/** What import-peer.mjs offers: it has to stand in the folder of the libraries. */
interface Importer {
  readonly importPeer: (name: string) => Promise<unknown>;
}

/** Imports an installed library by the name that it has in `apps/bench/peers/package.json`, with a subpath where it needs one. */
export async function loadPeer<Module>(specifier: string): Promise<Loaded<Module>> {
  const module = await importFrom<Module>(specifier);
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  return { module, version: readVersion(join(folder, 'node_modules', name, 'package.json')) };
}

/** Imports a file of an installed library that its entry does not export. */
export function loadPeerFile<Module>(name: string, file: string): Promise<Module> {
  return importFrom(`./node_modules/${name}/${file}`);
}

async function importFrom<Module>(specifier: string): Promise<Module> {
  const { importPeer }: Importer = createRequire(join(folder, 'package.json'))('./import-peer.mjs');
  // oxlint-disable-next-line no-unsafe-type-assertion -- a peer's types are not known here: its adapter names what it uses
  return (await importPeer(specifier)) as Module;
}

/** Reads the version in a package.json. */
export function readVersion(path: string): string {
  const manifest: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
    return String(manifest.version);
  throw new Error(`${path} names no version`);
}
